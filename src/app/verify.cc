#include "app/verify.h"

#include <cstdio>

#include "app/cli.h"
#include "app/exit_code.h"
#include "app/unit_files.h"
#include "app/unit_json.h"
#include "app/unit_set.h"

namespace gatevisor::app {
namespace {

std::string count(std::size_t number, const char* what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::string report(const std::string& what, const config::LoadedUnit& unit) {
  std::string text = what + ": ";
  text += unit.errors.empty() ? "can be started"
                              : "cannot be started, " + count(unit.errors.size(), "error");
  if (!unit.description.empty()) text += " (" + unit.description + ")";
  text += "\n";
  for (const config::UnitError& error : unit.errors) text += "  " + to_string(error) + "\n";
  for (const std::string& remark : unit.remarks) text += "  remark: " + remark + "\n";
  for (const config::UnitNote& note : unit.notes) {
    std::string line = "  " + std::string(note.allowed ? "left out" : to_string(note.fate));
    line.resize(12, ' ');
    line += note.name;
    if (!note.reason.empty()) {
      line.resize(std::max<std::size_t>(line.size() + 1, 40), ' ');
      line += note.reason;
    }
    text += line + "\n";
  }
  return text;
}

/// What becomes of the other units that it names.
void add_calls(const std::string& what, const std::vector<std::string>& allow,
               config::LoadedUnit& unit) {
  for (UnmetCall& call : check_calls(what, unit, allow)) {
    if (call.stops) {
      unit.errors.push_back({std::move(call.at), call.text + "; " + call.advice});
    } else {
      unit.remarks.push_back(to_string(call.at) + ": " + call.text + "; " + call.advice);
    }
  }
}

}  // namespace

int verify(const VerifyOptions& options) {
  int status = kOk;
  std::vector<VerifiedUnit> verified;
  for (const std::string& what : options.units) {
    auto unit = read_unit(what, {options.allow.begin(), options.allow.end()});
    if (!unit) {
      status = kNoInput;
      if (!options.json) {
        std::fprintf(stderr, "gatevisor: %s\n", to_string(unit.error()).c_str());
        continue;
      }
      config::LoadedUnit missing;
      missing.errors.push_back({{what, 0, 0}, to_string(unit.error())});
      unit = std::move(missing);
    }
    if (unit->errors.empty()) add_calls(what, options.allow, *unit);
    if (!unit->errors.empty() && status == kOk) status = kIncomplete;
    if (options.json) {
      verified.push_back({what, std::move(*unit)});
    } else {
      std::fputs(report(what, *unit).c_str(), stdout);
    }
  }
  if (options.json) std::puts(verify_json(verified).c_str());
  return status;
}

}  // namespace gatevisor::app
