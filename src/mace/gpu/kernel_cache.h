// Compiled kernels on disk, so that a model is compiled once for a machine.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace mace::gpu {

// The machine code that `key` (source, options, device, compiler) stands for: from the cache, else made and kept there.
// Of the processes that want the same at the same time one makes it and the others wait. The folder is
// DECANT_KERNEL_CACHE, else decant/kernels in XDG_CACHE_HOME or ~/.cache; where it cannot be written to, nothing is
// kept.
std::vector<char> cached_code(const std::string& key, const std::function<std::vector<char>()>& make);

// Why something that this process made was not kept, in words for the user; empty if nothing was lost.
std::string cache_problem();

}  // namespace mace::gpu
