// libFuzzer: each line of the input is one assignment, in the order given.
//
// Besides what the sanitizers see: a refusal changes nothing, an error is one line, and what is
// taken is taken again.

#include <cstdlib>
#include <string_view>

#include "config/properties.h"
#include "config/text.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace gatevisor;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  ServiceSettings settings = config::run_defaults();
  settings.commands.main = {Command{.argv = {"true"}}};
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    const ServiceSettings before = settings;
    const auto done = config::assign(settings, line);
    if (!done) {
      const std::string text = to_string(done.error());
      if (settings != before || text.find('\n') != std::string::npos || !config::is_utf8(text)) {
        std::abort();
      }
    } else if (ServiceSettings again = before; !config::assign(again, line) || again != settings) {
      std::abort();
    }
  }
  (void)config::validate(settings);
  (void)config::remarks(settings);
  return 0;
}
