// Writes models as `decant export` does (docs/mace_format.md), so that reading can be tested without it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "mace/model/safetensors.h"
#include "mace/model/weights.h"

namespace mace_tests {

class ModelFile {
 public:
  explicit ModelFile(const mace::Weights& weights);

  std::map<std::string, std::string> metadata;
  void set(const std::string& name, mace::Safetensors::Shape shape, const std::vector<double>& values);
  void set(const std::string& name, mace::Safetensors::Shape shape, const std::vector<std::int64_t>& values);
  void erase(const std::string& name) { arrays_.erase(name); }

  std::vector<char> bytes() const;  // with the checksum that belongs to them

 private:
  struct Array {
    std::string dtype;
    mace::Safetensors::Shape shape;
    std::vector<char> bytes;
  };

  void set_layer(const mace::Weights& weights, std::size_t t);
  void set_by_l(const std::string& prefix, const std::vector<mace::Matrices>& of_l);
  void set_knots(const std::string& name, const mace::Knots& knots);

  std::map<std::string, Array> arrays_;
};

// The bytes of a file on disk.
std::vector<char> read_bytes(const std::string& path);

}  // namespace mace_tests
