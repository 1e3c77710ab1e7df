// libFuzzer: what is taken from an environment file is what execve(2) can be given.

#include <cstdlib>

#include "config/environment_file.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace gatevisor::config;
  const auto variables =
      parse_environment_file({reinterpret_cast<const char*>(data), size}, "/env");
  if (!variables) return 0;
  for (const std::string& variable : *variables) {
    if (!check_assignment(variable)) std::abort();
  }
  return 0;
}
