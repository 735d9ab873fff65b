#include "mace/model/safetensors.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "mace/model/crc32.h"

namespace mace {

namespace {

constexpr std::size_t max_header = 100u << 20;  // the limit of the format's own reference reader

// Reads the subset of JSON that a safetensors header may hold: objects, arrays of integers, strings.
class HeaderReader {
 public:
  explicit HeaderReader(const std::string& text) : text_(text) {}

  void expect(char wanted) {
    if (peek() != wanted) throw std::runtime_error(std::string("expected '") + wanted + "' in the header");
    ++at_;
  }

  bool accept(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  std::string string() {
    expect('"');
    std::string value;
    while (at_ < text_.size() && text_[at_] != '"') {
      char c = text_[at_++];
      if (c == '\\') c = escaped();
      value += c;
    }
    if (at_ >= text_.size()) throw std::runtime_error("unterminated string in the header");
    ++at_;
    return value;
  }

  std::vector<std::size_t> integers() {
    std::vector<std::size_t> values;
    expect('[');
    if (accept(']')) return values;
    do values.push_back(integer());
    while (accept(','));
    expect(']');
    return values;
  }

  bool at_end() { return peek() == '\0'; }

 private:
  char peek() {
    while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  char escaped() {
    if (at_ >= text_.size()) throw std::runtime_error("unterminated string in the header");
    const char c = text_[at_++];
    switch (c) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case '"':
      case '\\':
      case '/':
        return c;
      default:
        throw std::runtime_error("unsupported escape in the header");
    }
  }

  std::size_t integer() {
    peek();
    std::size_t value = 0;
    const std::size_t first = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (at_ - first >= 18) throw std::runtime_error("a number in the header is too large");
      value = 10 * value + static_cast<std::size_t>(text_[at_] - '0');
    }
    if (at_ == first) throw std::runtime_error("expected a number in the header");
    return value;
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

std::size_t item_size(const std::string& dtype) {
  if (dtype == "F64" || dtype == "I64") return 8;
  if (dtype == "F32") return 4;
  return 0;
}

template <class Item, class Value>
std::vector<Value> copy_as(const char* from, std::size_t count) {
  std::vector<Value> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    Item item;
    std::memcpy(&item, from + i * sizeof(Item), sizeof(Item));
    values[i] = static_cast<Value>(item);
  }
  return values;
}

}  // namespace

Safetensors::Safetensors(std::vector<char> bytes, std::string name) : bytes_(std::move(bytes)), name_(std::move(name)) {
  std::uint64_t header = 0;
  if (bytes_.size() < sizeof(header)) fail("is not a safetensors file: too short");
  std::memcpy(&header, bytes_.data(), sizeof(header));
  if (header > max_header || header > bytes_.size() - sizeof(header))
    fail("is not a safetensors file, or is truncated: its header does not fit");
  data_ = sizeof(header) + static_cast<std::size_t>(header);
  try {
    parse_header(std::string(bytes_.data() + sizeof(header), static_cast<std::size_t>(header)));
  } catch (const std::runtime_error& error) {
    fail(std::string("is not a safetensors file: ") + error.what());
  }
  for (const auto& [tensor, view] : tensors_) check_extent(tensor, view);
}

void Safetensors::fail(const std::string& what) const { throw std::runtime_error("model file " + name_ + " " + what); }

const std::string& Safetensors::metadata(const std::string& key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) fail("has no metadata '" + key + "': it was not written by 'decant export'");
  return found->second;
}

const Safetensors::Tensor& Safetensors::find(const std::string& tensor) const {
  const auto found = tensors_.find(tensor);
  if (found == tensors_.end()) fail("has no array '" + tensor + "'");
  read_.insert(tensor);
  return found->second;
}

void Safetensors::refuse_unread() const {
  for (const auto& [tensor, view] : tensors_)
    if (read_.count(tensor) == 0) fail("has the array '" + tensor + "', which no part of this model needs");
}

std::vector<double> Safetensors::reals(const std::string& tensor) const {
  const Tensor& view = find(tensor);
  const char* from = bytes_.data() + data_ + view.begin;
  if (view.dtype == "F64") return copy_as<double, double>(from, (view.end - view.begin) / 8);
  if (view.dtype == "F32") return copy_as<float, double>(from, (view.end - view.begin) / 4);
  fail("array '" + tensor + "' has type " + view.dtype + ", expected F64 or F32");
}

std::vector<std::int64_t> Safetensors::integers(const std::string& tensor) const {
  const Tensor& view = find(tensor);
  if (view.dtype != "I64") fail("array '" + tensor + "' has type " + view.dtype + ", expected I64");
  return copy_as<std::int64_t, std::int64_t>(bytes_.data() + data_ + view.begin, (view.end - view.begin) / 8);
}

void Safetensors::parse_header(const std::string& header) {
  HeaderReader reader(header);
  reader.expect('{');
  do {
    const std::string key = reader.string();
    reader.expect(':');
    reader.expect('{');
    Tensor view;
    do {
      const std::string field = reader.string();
      reader.expect(':');
      if (key == "__metadata__") {
        metadata_[field] = reader.string();
      } else if (field == "dtype") {
        view.dtype = reader.string();
      } else if (field == "shape") {
        view.shape = reader.integers();
      } else if (field == "data_offsets") {
        const auto offsets = reader.integers();
        if (offsets.size() != 2) throw std::runtime_error("array '" + key + "' needs two data offsets");
        view.begin = offsets[0];
        view.end = offsets[1];
      } else {
        throw std::runtime_error("unknown field '" + field + "'");
      }
    } while (reader.accept(','));
    reader.expect('}');
    if (key != "__metadata__") tensors_[key] = view;
  } while (reader.accept(','));
  reader.expect('}');
  if (!reader.at_end()) throw std::runtime_error("text after the header's end");
}

void Safetensors::check_extent(const std::string& tensor, const Tensor& view) const {
  const std::size_t available = bytes_.size() - data_;
  if (view.begin > view.end || view.end > available) fail("is truncated: array '" + tensor + "' lies beyond its end");
  const std::size_t item = item_size(view.dtype);
  if (item == 0) fail("array '" + tensor + "' has the unsupported type " + view.dtype);
  std::size_t bytes = item;
  for (const std::size_t extent : view.shape) {
    if (extent != 0 && bytes > available / extent) fail("array '" + tensor + "' is larger than the file");
    bytes *= extent;
  }
  if (bytes != view.end - view.begin) fail("array '" + tensor + "' has a shape that does not fit its size");
}

// The sum covers every byte, its own digits counted as zeros.
void Safetensors::check_sum() const {
  const std::string& stated = metadata("crc32");
  const std::string field = "\"crc32\":\"" + stated;
  const auto header_end = bytes_.begin() + static_cast<std::ptrdiff_t>(data_);
  const auto place = std::search(bytes_.begin(), header_end, field.begin(), field.end());
  if (place == header_end) fail("states its checksum in an unexpected way");
  const std::size_t begin = static_cast<std::size_t>(place - bytes_.begin()) + field.size() - stated.size();
  Crc32 sum;
  sum.add(bytes_.data(), begin);
  sum.add(std::string(stated.size(), '0').data(), stated.size());
  sum.add(bytes_.data() + begin + stated.size(), bytes_.size() - begin - stated.size());
  if (stated != sum.digits()) fail("is damaged: its checksum is " + sum.digits() + ", not " + stated);
}

}  // namespace mace
