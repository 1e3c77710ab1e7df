// `gatevisor history`: its lines.

#include "report/history_text.h"

#include <gtest/gtest.h>

#include "report_testing.h"

namespace gatevisor::report {
namespace {

TEST(HistoryText, OneLineAnInvocationUnderItsTitle) {
  const log::UtcCalendar calendar;
  DeathReport stopped = death(Cause::Requested);
  stopped.verdict.next = {NextAction::Stop, {}, "requested"};
  DeathReport given_up = death(Cause::ExitCode);
  given_up.verdict.next = {NextAction::GiveUp, {}, "StartLimitBurst=3"};
  DeathReport alive = death(Cause::Clean);
  alive.ended_usec = 0;
  const std::string text = history_title(true) + history_line(out_of_memory(), calendar, true) +
                           history_line(stopped, calendar, true) +
                           history_line(given_up, calendar, true) +
                           history_line(alive, calendar, true);
  EXPECT_EQ(
      text,
      R"(UNIT             START                        LENGTH       VERDICT                    PEAK     NEXT
gateway          Tue 2026-11-24 09:43:31 UTC  1min 2s      oom-kill (certain)         511.0M   respawn after 1s
gateway          Tue 2026-11-24 09:43:31 UTC  1min 2s      requested (certain)        -        none (requested)
gateway          Tue 2026-11-24 09:43:31 UTC  1min 2s      exit-code (certain)        -        given up (StartLimitBurst=3)
gateway          Tue 2026-11-24 09:43:31 UTC  -            -                          -        no end is recorded
)");
}

TEST(HistoryText, OfOneUnitItsNameIsNotRepeated) {
  const log::UtcCalendar calendar;
  EXPECT_TRUE(history_title(false).starts_with("START "));
  EXPECT_TRUE(history_line(out_of_memory(), calendar, false).starts_with("Tue 2026-11-24"));
}

TEST(HistoryText, LongNamesStayApartAndControlCharactersGo) {
  const log::UtcCalendar calendar;
  DeathReport report = out_of_memory();
  report.verdict.unit = "a-unit-with-a-rather\x1blong-name";
  EXPECT_TRUE(
      history_line(report, calendar, true).starts_with("a-unit-with-a-rather?long-name Tue "));
}

}  // namespace
}  // namespace gatevisor::report
