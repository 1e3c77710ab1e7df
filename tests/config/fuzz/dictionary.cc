// Writes libFuzzer's dictionary of the words that a unit file has, from the table of directives.

#include <cstdio>
#include <string>

#include "config/directives.h"
#include "config/properties.h"

namespace {

void entry(std::string_view word) {
  std::string quoted;
  for (const char c : word) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n') {
      quoted += "\\x0A";
    } else {
      quoted += c;
    }
  }
  std::printf("\"%s\"\n", quoted.c_str());
}

}  // namespace

int main() {
  using namespace gatevisor::config;
  for (const char* section : {"Unit", "Service", "Install", "X-Gatevisor"}) {
    entry("\n[" + std::string(section) + "]\n");
    for (const Directive& directive : directives(section)) {
      entry("\n" + std::string(directive.name) + "=");
    }
  }
  for (const Property& property : properties()) {
    // 'a|b|c' of the forms are the words of its value.
    std::string_view form = property.form;
    while (!form.empty()) {
      const std::size_t end = std::min(form.find_first_of("|.[]: "), form.size());
      if (end > 1 && form[0] >= 'a' && form[0] <= 'z') entry(form.substr(0, end));
      form.remove_prefix(std::min(end + 1, form.size()));
    }
  }
  for (const char* word : {"\n---\n", "infinity", "1min 30s", "512M",      "50%",
                           "%i",      "%n",       "%%",       "${A}",      "$A",
                           " ; ",     "\\x20",    "\\\n",     "'",         "\"",
                           "\\",      "-/",       "+/",       "!/",        "!!/",
                           "@/",      ":/",       "~",        "CAP_CHOWN", "@system-service",
                           "SIGTERM", "AF_UNIX",  "rbind",    "/etc/a:/b", "0-3,5",
                           "0755"}) {
    entry(word);
  }
}
