// Builds gatevisor.service(5): make_manual <TEMPLATE >PAGE

#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "config/manual.h"

int main() {
  const std::string page{std::istreambuf_iterator<char>(std::cin), {}};
  const auto text = gatevisor::config::service_manual(page);
  if (!text) {
    std::fprintf(stderr, "gatevisor.service.5: %s\n", text.error().c_str());
    return 65;
  }
  return std::fwrite(text->data(), 1, text->size(), stdout) == text->size() ? 0 : 74;
}
