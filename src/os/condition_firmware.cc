#include "os/condition_firmware.h"

#include <unistd.h>

#include <optional>
#include <string_view>

#include "os/expression.h"
#include "os/file.h"
#include "os/virtualization.h"

namespace gatevisor::os {
namespace {

bool is_there(const char* path) { return access(path, F_OK) == 0; }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// Of 'name(ARGUMENT)'.
std::optional<std::string_view> argument(std::string_view text, std::string_view name) {
  if (!text.starts_with(name) || !text.ends_with(')')) return std::nullopt;
  text.remove_prefix(name.size());
  if (!text.starts_with('(')) return std::nullopt;
  return text.substr(1, text.size() - 2);
}

/// Its names stand one after the other, each with a NUL.
bool is_compatible(std::string_view wanted) {
  const auto names = read_file("/proc/device-tree/compatible");
  if (!names) return false;
  for (std::string_view rest = *names; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    if (rest.substr(0, end) == wanted) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

bool has_smbios_field(std::string_view text) {
  const std::size_t at = text.find_first_of("!<=>$");
  if (at == text.npos) return false;
  const std::string field(trimmed(text.substr(0, at)));
  if (field.empty() || field.find('/') != field.npos || field.starts_with('.')) return false;
  std::string_view rest = text.substr(at);
  const auto op = take_operator(rest);
  const std::string wanted = unquoted(std::string(trimmed(rest)));
  const auto value = read_file("/sys/class/dmi/id/" + field);
  return op && !wanted.empty() && value &&
         holds_for_text(*op, std::string(trimmed(*value)), wanted);
}

}  // namespace

bool has_firmware(const std::string& wanted) {
  if (wanted == "device-tree") {
    return is_there("/sys/firmware/devicetree") || is_there("/proc/device-tree");
  }
  if (wanted == "uefi") {
    return find_virtualization().kind != VirtualKind::Container && is_there("/sys/firmware/efi");
  }
  if (const auto name = argument(wanted, "device-tree-compatible")) return is_compatible(*name);
  const auto field = argument(wanted, "smbios-field");
  return field && has_smbios_field(*field);
}

}  // namespace gatevisor::os
