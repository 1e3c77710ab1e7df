// --list-boots, --list-invocations, --fields and -F.
#include <algorithm>

#include "app/exit_code.h"
#include "app/log_session.h"

namespace gatevisor::app {
namespace {

void add_padded(std::string& out, std::string_view text, std::size_t width, bool right) {
  const std::string blanks(width - std::min(width, text.size()), ' ');
  if (right) out += blanks;
  out += text;
  if (!right) out += blanks;
}

}  // namespace

int list_lives(LogSession& session, const std::vector<LogLife>& lives, std::string_view title) {
  const LogOptions& options = session.options;
  struct Row {
    std::string number, id, first, last;
  };
  std::vector<Row> rows;
  rows.push_back({"IDX", std::string(title), "FIRST ENTRY", "LAST ENTRY"});
  // The newest ones where not all are asked for; the last one has the number 0.
  const std::size_t most =
      std::min<std::uint64_t>(options.lines.value_or(LogOptions::kAll), lives.size());
  for (std::size_t i = lives.size() - most; i < lives.size(); ++i) {
    const std::size_t back = lives.size() - 1 - i;
    rows.push_back({back == 0 ? "0" : "-" + std::to_string(back), lives[i].id,
                    log::format_timestamp(session.calendar, lives[i].first_usec, false),
                    log::format_timestamp(session.calendar, lives[i].last_usec, false)});
  }
  if (options.reverse) std::reverse(rows.begin() + 1, rows.end());
  std::size_t widths[3] = {};
  for (const Row& row : rows) {
    widths[0] = std::max(widths[0], row.number.size());
    widths[1] = std::max(widths[1], row.id.size());
    widths[2] = std::max(widths[2], row.first.size());
  }
  if (options.quiet) rows.erase(rows.begin());
  std::string& out = session.out.text();
  for (const Row& row : rows) {
    add_padded(out, row.number, widths[0], true);
    out += ' ';
    add_padded(out, row.id, widths[1], false);
    out += ' ';
    add_padded(out, row.first, widths[2], false);
    out += ' ';
    out += row.last;
    out += '\n';
    if (!session.out.flush_if_much()) break;
  }
  return kOk;
}

int list_field_names(LogSession& session) {
  session.set.names([&session](std::string_view name) {
    session.out.text() += name;
    session.out.text() += '\n';
    return session.out.flush_if_much();
  });
  return kOk;
}

int list_field_values(LogSession& session) {
  const std::uint64_t most = session.options.lines.value_or(LogOptions::kAll);
  std::uint64_t shown = 0;
  if (most == 0) return kOk;
  session.set.unique(session.options.field, [&](std::string_view value) {
    session.out.text() += value;
    session.out.text() += '\n';
    return session.out.flush_if_much() && ++shown < most;
  });
  return kOk;
}

}  // namespace gatevisor::app
