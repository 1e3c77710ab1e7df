// libFuzzer: a damaged file beside a good one, in every output. Besides what the sanitizers see: it
// ends, and JSON is one line.
#include "../../journal/fuzz/damaged_file.h"
#include "log/format.h"
#include "log/journal_set.h"
#include "log/selection.h"
#include "log/timestamp.h"

using namespace gatevisor;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  if (input.empty()) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 64));
  const log::UtcCalendar utc;
  (void)log::parse_timestamp(text, utc, 1'700'000'000'000'000);
  (void)log::parse_cursor(text);

  log::JournalSet set([](const std::string&, const Error&) {});
  // A moved MemoryStorage would be copied: its bytes are what counts.
  auto storage = journal::damaged_file(input);
  const std::size_t most = (storage.size() + journal::good_file().size()) * 2;
  auto damaged = std::make_unique<journal::MemoryStorage>(std::move(storage.bytes()), true);
  if (!set.add("damaged", std::move(damaged))) return 0;
  (void)set.add("good", std::make_unique<journal::MemoryStorage>(journal::good_file()));
  const auto output = static_cast<log::Output>(data[0] / 4 % std::size(log::kOutputNames));
  log::Formatter formatter({.output = output, .all = data[0] >= 128}, utc);
  journal::EntryView view;
  std::string out;
  std::size_t steps = 0;
  const auto show = [&] {
    if (++steps > most) std::abort();
    out.clear();
    if (set.entry(view)) formatter.append(out, view, set.seqnum_id());
    if (output == log::Output::kJson && std::ranges::count(out, '\n') > 1) std::abort();
  };
  while (set.next()) show();
  while (set.previous()) show();
  journal::Matches matches;
  (void)log::match_units(matches, {"a.service"});
  matches.add_disjunction();
  (void)log::match_fields(matches, {"_HOSTNAME=box", "+", "PRIORITY=3"});
  set.set_matches(std::move(matches));
  while (set.next()) show();
  set.seek_tail();
  while (set.previous()) show();
  return 0;
}
