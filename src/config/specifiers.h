// Names of units, and the %-specifiers in the settings of a unit file.
//
// Every value of the host comes from the caller.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/text.h"

namespace gatevisor::config {

/// systemd's UNIT_NAME_MAX without its terminating NUL.
inline constexpr std::size_t kMaxUnitName = 255;

/// systemd.unit(5): 'prefix.type', 'prefix@instance.type', or the template 'prefix@.type'.
struct UnitName {
  std::string prefix;
  std::optional<std::string> instance;  ///< empty for a template
  std::string type;                     ///< 'service'
  std::string whole;

  bool operator==(const UnitName&) const = default;

  bool is_template() const { return instance && instance->empty(); }
};

/// Letters, digits and ':-_.\', a type that systemd knows, at most kMaxUnitName bytes. The first
/// '@' begins the instance, which may hold more of them.
Parsed<UnitName> parse_unit_name(std::string_view name);

/// `systemd-escape`: '/' becomes '-'; what a name cannot hold, '-', '\' and a '.' at the start
/// become '\x2d' and the like.
std::string escape_unit_name(std::string_view text);
Parsed<std::string> unescape_unit_name(std::string_view name);

/// `systemd-escape --path`: '/var//lib/' is 'var-lib', '/' is '-'. Refuses '..'.
Parsed<std::string> escape_unit_path(std::string_view path);
Parsed<std::string> unescape_unit_path(std::string_view name);

/// systemd.unit(5): the drop-in directories of a unit, without the folder they are in. A file in an
/// earlier one hides a file of the same name in a later one. For foo-bar@inst.service these are
/// foo-bar@inst.service.d, foo-bar@.service.d, foo-.service.d, then (as systemd has it, without
/// writing so) foo-@inst.service.d and foo-@.service.d, and last service.d.
std::vector<std::string> drop_in_directories(const UnitName& name);

/// What the host knows. An absent value makes its specifier an error, an empty one is a value: for
/// systemd a field that os-release(5) does not have is empty.
struct SpecifierValues {
  std::optional<std::string> architecture;      ///< %a, in ConditionArchitecture='s words
  std::optional<std::string> image_version;     ///< %A, IMAGE_VERSION= of os-release(5)
  std::optional<std::string> boot_id;           ///< %b, 32 hexadecimal digits
  std::optional<std::string> build_id;          ///< %B, BUILD_ID=
  std::optional<std::string> cache_root;        ///< %C, /var/cache
  std::optional<std::string> credentials;       ///< %d, the unit's $CREDENTIALS_DIRECTORY
  std::optional<std::string> shared_data_root;  ///< %D, /usr/share
  std::optional<std::string> config_root;       ///< %E, /etc
  std::optional<std::string> group;             ///< %g, the manager's, not Group=
  std::optional<std::string> gid;               ///< %G
  std::optional<std::string> home;              ///< %h, the manager's, not that of User=
  std::optional<std::string> host_name;         ///< %H
  std::optional<std::string> short_host_name;   ///< %l, up to the first dot
  std::optional<std::string> logs_root;         ///< %L, /var/log
  std::optional<std::string> machine_id;        ///< %m, 32 hexadecimal digits
  std::optional<std::string> image_id;          ///< %M, IMAGE_ID=
  std::optional<std::string> os_id;             ///< %o, ID=
  std::optional<std::string> pretty_host_name;  ///< %q
  std::optional<std::string> shell;             ///< %s, the manager's
  std::optional<std::string> state_root;        ///< %S, /var/lib
  std::optional<std::string> runtime_root;      ///< %t, /run
  std::optional<std::string> tmp;               ///< %T, /tmp or $TMPDIR
  std::optional<std::string> user;              ///< %u, the manager's, not User=
  std::optional<std::string> uid;               ///< %U
  std::optional<std::string> kernel_release;    ///< %v
  std::optional<std::string> var_tmp;           ///< %V, /var/tmp or $TMPDIR
  std::optional<std::string> os_version_id;     ///< %w, VERSION_ID=
  std::optional<std::string> os_variant_id;     ///< %W, VARIANT_ID=
  std::optional<std::string> fragment_path;     ///< %y; %Y is its folder
};

/// systemd.unit(5), 'Specifiers'. As in systemd's specifier_printf(), '%' before a letter or digit
/// that is no specifier is an error; before anything else and at the end it stays. %c, %r and %R,
/// which systemd deprecates, are no specifiers here. The result has at most kMaxValue bytes.
Parsed<std::string> expand_specifiers(std::string_view text, const UnitName& unit,
                                      const SpecifierValues& values);

}  // namespace gatevisor::config
