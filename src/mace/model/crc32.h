// The checksum of zlib and PNG, of bytes that come in pieces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace mace {

class Crc32 {
 public:
  void add(const char* data, std::size_t size) {
    static const auto table = [] {
      std::array<std::uint32_t, 256> entries{};
      for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t c = i;
        for (int bit = 0; bit < 8; ++bit) c = (c & 1u) ? 0xEDB88320u ^ (c >> 1) : c >> 1;
        entries[i] = c;
      }
      return entries;
    }();
    for (std::size_t i = 0; i < size; ++i)
      state_ = table[(state_ ^ static_cast<unsigned char>(data[i])) & 0xFFu] ^ (state_ >> 8);
  }
  std::string digits() const {  // ten, however small the number
    const std::string number = std::to_string(state_ ^ 0xFFFFFFFFu);
    return std::string(10 - number.size(), '0') + number;
  }

 private:
  std::uint32_t state_ = 0xFFFFFFFFu;
};

}  // namespace mace
