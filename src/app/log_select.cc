// From the options of `gatevisor log` to matches; boots and invocations by their number.
#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "app/log_session.h"
#include "log/selection.h"

namespace gatevisor::app {
namespace {

constexpr std::size_t kMostUnits = 4096;
constexpr std::size_t kMostLives = 100'000;

/// Patterns become the units that are in the files.
std::vector<std::string> units_of(LogSession& session) {
  std::vector<std::string> units;
  std::set<std::string> found;
  for (const std::string& unit : session.options.units) {
    if (!log::is_pattern(unit)) {
      units.push_back(unit);
      continue;
    }
    for (const std::string_view field : log::kUnitFields) {
      session.set.unique(field, [&](std::string_view value) {
        const std::string name(value);
        if (fnmatch(unit.c_str(), name.c_str(), FNM_NOESCAPE) == 0) found.insert(name);
        return found.size() < kMostUnits;
      });
    }
  }
  units.insert(units.end(), found.begin(), found.end());
  return units;
}

/// Its first and its last entry; nothing where there is none.
std::optional<LogLife> life(LogSession& session, std::string id, journal::Matches matches) {
  LogLife life{std::move(id), 0, 0};
  session.set.set_matches(std::move(matches));
  if (!session.set.next()) return std::nullopt;
  life.first_usec = session.set.meta().realtime_usec;
  session.set.seek_tail();
  if (session.set.previous()) life.last_usec = session.set.meta().realtime_usec;
  return life;
}

std::set<std::string> values(LogSession& session, std::initializer_list<const char*> fields) {
  std::set<std::string> ids;
  for (const char* field : fields) {
    session.set.unique(field, [&ids](std::string_view value) {
      if (log::parse_id(value)) ids.emplace(value);
      return ids.size() < kMostLives;
    });
  }
  return ids;
}

/// 'ID', 'ID-1', '-1', '2'. 0 is the last one, 1 the first.
Expected<std::string> pick(const std::vector<LogLife>& lives, const std::string& text,
                           const char* what) {
  const auto none = [&] {
    return fail("", std::string(what) + " '" + text + "'", 0, "there is no such one here");
  };
  std::string_view rest = text;
  std::ptrdiff_t base = -1;
  if (rest.size() >= 32 && log::parse_id(rest.substr(0, 32))) {
    const std::string_view id = rest.substr(0, 32);
    rest.remove_prefix(32);
    if (rest.empty()) return std::string(id);
    const auto found = std::ranges::find(lives, id, &LogLife::id);
    if (found == lives.end()) return none();
    base = found - lives.begin();
  }
  const bool back = rest.starts_with('-');
  if (back || rest.starts_with('+')) rest.remove_prefix(1);
  const auto number = config::parse_decimal(rest.empty() ? "0" : rest);
  if (!number || *number > kMostLives) {
    return fail("", std::string(what) + " '" + text + "'", 0,
                "expected an id, or a number: 0 the last, -1 the one before");
  }
  const auto distance = static_cast<std::ptrdiff_t>(*number);
  const auto count = static_cast<std::ptrdiff_t>(lives.size());
  std::ptrdiff_t at = 0;
  if (base >= 0) {
    at = base + (back ? -distance : distance);
  } else {
    at = back || distance == 0 ? count - 1 - distance : distance - 1;
  }
  if (at < 0 || at >= count) return none();
  return lives[static_cast<std::size_t>(at)].id;
}

}  // namespace

std::vector<LogLife> log_boots(LogSession& session) {
  std::vector<LogLife> boots;
  for (const std::string& id : values(session, {"_BOOT_ID"})) {
    journal::Matches matches;
    if (!matches.add("_BOOT_ID=" + id)) continue;
    if (auto boot = life(session, id, std::move(matches))) boots.push_back(std::move(*boot));
  }
  std::ranges::sort(boots, {}, &LogLife::first_usec);
  session.set.set_matches({});
  return boots;
}

Expected<std::vector<LogLife>> log_invocations(LogSession& session) {
  const std::vector<std::string> units = units_of(session);
  std::vector<LogLife> lives;
  for (const std::string& id : values(session, {"_SYSTEMD_INVOCATION_ID", "INVOCATION_ID"})) {
    journal::Matches matches;
    if (auto added = log::match_units(matches, units); !added)
      return std::unexpected(std::move(added.error()));
    if (auto added = log::match_invocation(matches, id); !added)
      return std::unexpected(std::move(added.error()));
    if (auto one = life(session, id, std::move(matches))) lives.push_back(std::move(*one));
  }
  std::ranges::sort(lives, {}, &LogLife::first_usec);
  session.set.set_matches({});
  return lives;
}

Expected<journal::Matches> log_matches(LogSession& session) {
  const LogOptions& options = session.options;
  journal::Matches matches;
  Expected<void> done;
  const auto also = [&done](auto&& match) {
    if (done) done = match();
  };
  if (options.boot) {
    auto boot = pick(log_boots(session), *options.boot, "boot");
    if (!boot) return std::unexpected(std::move(boot.error()));
    also([&] { return log::match_any(matches, "_BOOT_ID", {*boot}); });
  }
  if (!options.units.empty()) {
    const std::vector<std::string> units = units_of(session);
    if (units.empty()) {
      return fail("", "unit '" + options.units.front() + "'", 0, "no unit here is named like that");
    }
    also([&] { return log::match_units(matches, units); });
  }
  if (options.invocation) {
    const auto lives = log_invocations(session);
    if (!lives) return std::unexpected(lives.error());
    auto id = pick(*lives, *options.invocation, "invocation");
    if (!id) return std::unexpected(std::move(id.error()));
    also([&] { return log::match_invocation(matches, *id); });
  }
  also([&] { return log::match_any(matches, "SYSLOG_IDENTIFIER", options.identifiers); });
  also([&] { return log::match_any(matches, "PRIORITY", options.priorities); });
  also([&] { return log::match_any(matches, "SYSLOG_FACILITY", options.facilities); });
  also([&] { return log::match_fields(matches, options.fields); });
  if (!done) return std::unexpected(std::move(done.error()));
  return matches;
}

}  // namespace gatevisor::app
