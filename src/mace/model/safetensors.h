// Reads a safetensors file held in memory: raw arrays behind a JSON header, nothing that can run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace mace {

class Safetensors {
 public:
  using Shape = std::vector<std::size_t>;

  // `name` is used in messages only. Throws std::runtime_error naming the file and what is wrong with it.
  Safetensors(std::vector<char> bytes, std::string name);

  const std::string& metadata(const std::string& key) const;
  bool has(const std::string& tensor) const { return tensors_.count(tensor) > 0; }
  const Shape& shape(const std::string& tensor) const { return find(tensor).shape; }

  // The values of a floating-point (F32, F64) or integer (I64) tensor, row major.
  std::vector<double> reals(const std::string& tensor) const;
  std::vector<std::int64_t> integers(const std::string& tensor) const;

  // Throws if a bit of the file, header included, is not as it was written.
  void check_sum() const;

  // Throws if an array was never read: its name was not understood, and the model would silently lack a part.
  void refuse_unread() const;

  [[noreturn]] void fail(const std::string& what) const;

 private:
  struct Tensor {
    std::string dtype;
    Shape shape;
    std::size_t begin = 0, end = 0;  // bytes, from the start of the data section
  };

  const Tensor& find(const std::string& tensor) const;
  void parse_header(const std::string& header);
  void check_extent(const std::string& tensor, const Tensor& view) const;

  std::vector<char> bytes_;
  std::string name_;
  std::size_t data_ = 0;  // offset of the data section
  std::map<std::string, std::string> metadata_;
  std::map<std::string, Tensor> tensors_;
  mutable std::set<std::string> read_;
};

}  // namespace mace
