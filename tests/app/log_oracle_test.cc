// `gatevisor log` against journalctl (package systemd), byte for byte, on files that
// systemd-journal-remote (package of that name) and our own writer made of the same random entries.
//
// Where the two differ on purpose: text after a NUL (journalctl's printf ends there), the order of
// JSON's members (journalctl's is random), `-U TIME -n N` (252 looks at the last N entries of all)
// and --after-cursor with matches (252 leaves one entry out).
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "journal_testing.h"
#include "support/temp_dir.h"

namespace gatevisor::app {
namespace {

using nlohmann::json;

struct Row {
  std::uint64_t realtime = 0;
  std::uint64_t monotonic = 0;
  int boot = 0;
  std::vector<std::string> payloads;
};

std::string boot_id(int boot) { return "b007000000000000000000000000000" + std::to_string(boot); }

/// Everything that makes lines differ: lengths, bytes, colours, absent and double fields.
class Generator {
 public:
  explicit Generator(unsigned seed, int first_boot = 1) : random_(seed), boot_(first_boot) {}

  std::vector<Row> rows(std::size_t count) {
    std::vector<Row> rows;
    Row row{.realtime = 1'700'000'000'000'000, .monotonic = 1000, .boot = boot_, .payloads = {}};
    for (std::size_t i = 0; i < count; ++i) {
      if (i == count / 3 || i == count / 2) {
        ++row.boot;
        row.monotonic = 1000;
      }
      row.realtime += below(3'000'000) + 1;
      row.monotonic += below(3'000'000) + 1;
      row.payloads = fields(row, i);
      rows.push_back(row);
    }
    return rows;
  }

 private:
  unsigned below(unsigned end) { return static_cast<unsigned>(random_() % end); }
  bool percent(unsigned share) { return below(100) < share; }

  std::string message(std::size_t i) {
    const std::string number = std::to_string(i);
    switch (below(14)) {
      case 0: return "plain line " + number;
      case 1: return "Error: it FAILED " + number;
      case 2: return "two\nlines " + number;
      case 3: return "\xff\xfe invalid " + number;
      case 4: return "\x1b[31mred\x1b[0m and\ttabulator " + number;
      case 5: return std::string(299 + below(3), 'x') + number;
      case 6: return "";
      case 7: return "ümläut → 漢字 " + number;
      case 8: return "carriage\r\nreturns\r";
      case 9: return "ends with a newline\n";
      case 10: return "\"quoted\" \\back " + number;
      case 11: return "\x1b]8;;http://x\aa link\x1b]8;;\a \x1b[2K \x1b";
      case 12: return "bell\a " + number;
      default: return std::string(below(30) == 0 ? 20'000 : 40, 'l') + " long " + number;
    }
  }

  std::vector<std::string> fields(const Row& row, std::size_t i) {
    std::vector<std::string> all;
    const auto add = [&](unsigned share, const std::string& payload) {
      if (percent(share)) all.push_back(payload);
    };
    const char* units[] = {"gateway.service", "db.service", "web@1.service", "user.slice"};
    add(97, "MESSAGE=" + message(i));
    add(90, "PRIORITY=" + std::to_string(below(8)));
    add(90, "_HOSTNAME=" + (percent(10) ? std::string(310, 'h') : "box"));
    add(80, std::string("SYSLOG_IDENTIFIER=") + (percent(50) ? "gateway" : "sshd"));
    add(80, std::string("_COMM=") + (percent(50) ? "node" : "bash"));
    add(80, "_PID=" + std::to_string(1 + below(40)));
    add(10, "SYSLOG_PID=" + std::to_string(below(40)));
    add(10, "SYSLOG_FACILITY=" + std::to_string(below(6)));
    add(80, std::string("_SYSTEMD_UNIT=") + units[below(4)]);
    add(5, "UNIT=gateway.service");
    add(5, "_UID=0");
    add(20, "_SOURCE_REALTIME_TIMESTAMP=" +
                (percent(80) ? std::to_string(row.realtime - below(2'000'000)) : "junk"));
    add(20, "_SOURCE_MONOTONIC_TIMESTAMP=" + std::to_string(row.monotonic + 5));
    add(20, "MULTI=a");
    add(20, "MULTI=b" + std::to_string(below(4)));
    add(20, "MULTI=\x80");
    add(5, "BIG=" + std::string(4089 + below(4), 'y'));
    add(5, "EMPTY=");
    for (int n = 0; n < 90 && i % 50 == 7; ++n) all.push_back("F" + std::to_string(n) + "=v");
    all.push_back("_BOOT_ID=" + boot_id(row.boot));
    return journal::sorted_unique(std::move(all));
  }

  std::mt19937 random_;
  int boot_;
};

/// 'JOURNAL_EXPORT_FORMATS'
std::string export_of(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    text += "__REALTIME_TIMESTAMP=" + std::to_string(row.realtime) + "\n";
    text += "__MONOTONIC_TIMESTAMP=" + std::to_string(row.monotonic) + "\n";
    text += "_BOOT_ID=" + boot_id(row.boot) + "\n";
    for (const std::string& payload : row.payloads) {
      if (payload.starts_with("_BOOT_ID=")) continue;
      const std::size_t name = payload.find('=');
      const std::uint64_t size = payload.size() - name - 1;
      text += payload.substr(0, name) + "\n";
      text.append(reinterpret_cast<const char*>(&size), sizeof size);
      text += payload.substr(name + 1) + "\n";
    }
    text += "\n";
  }
  return text;
}

struct Result {
  std::string output;
  int status = -1;
};

Result run(const std::string& command) {
  Result result;
  std::FILE* pipe = popen(("LC_ALL=C.UTF-8 TZ=Europe/Berlin " + command).c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 65536> buffer;
  for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) != 0;) {
    result.output.append(buffer.data(), n);
  }
  result.status = pclose(pipe);
  return result;
}

std::string first_difference(const std::string& theirs, const std::string& ours) {
  const auto [a, b] = std::ranges::mismatch(theirs, ours);
  const auto at = static_cast<std::size_t>(a - theirs.begin());
  const std::size_t line = at == 0 ? 0 : theirs.rfind('\n', at - 1) + 1;
  return "at " + std::to_string(at) + " of " + std::to_string(theirs.size()) +
         "\ntheirs: " + theirs.substr(line, 200) +
         "\nours:   " + (line < ours.size() ? ours.substr(line, 200) : "");
}

class LogOracle : public testing::Test {
 protected:
  std::string file(const std::string& name) const { return (directory_ / name).string(); }

  /// A file by systemd; `form` sets its environment, `flags` its options.
  std::string by_systemd(const std::vector<Row>& rows, const std::string& form,
                         const std::string& flags) {
    std::ofstream(file("export"), std::ios::binary) << export_of(rows);
    const std::string path = file("remote.journal");
    std::filesystem::remove(path);
    const Result written = run(form + " /lib/systemd/systemd-journal-remote " + flags + " -o " +
                               path + " - 2>&1 <" + file("export"));
    EXPECT_EQ(written.status, 0) << written.output << "apt-get install systemd-journal-remote";
    return "--file=" + path;
  }

  /// Files by our writer, one a boot, which share their sequence numbers.
  std::string by_us(const std::vector<Row>& rows) {
    std::uint64_t seqnum = 1;
    for (int boot = 1; boot <= 3; ++boot) {
      journal::MemoryStorage storage;
      journal::FileIds ids = journal::test_ids();
      ids.file_id[0] = static_cast<std::byte>(boot);
      ids.boot_id = {};
      ids.boot_id[0] = std::byte{0xb0};
      ids.boot_id[1] = std::byte{0x07};
      ids.boot_id[15] = static_cast<std::byte>(boot);
      auto writer = journal::Writer::create(storage, ids, seqnum, {});
      EXPECT_TRUE(writer);
      for (const Row& row : rows) {
        if (row.boot != boot) continue;
        EXPECT_TRUE(append(*writer, {{row.realtime, row.monotonic}, row.payloads}));
      }
      seqnum = writer->next_seqnum();
      EXPECT_TRUE(writer->close());
      std::ofstream(file("ours-" + std::to_string(boot) + ".journal"), std::ios::binary)
          .write(reinterpret_cast<const char*>(storage.bytes().data()),
                 static_cast<std::streamsize>(storage.size()));
    }
    return "-D " + directory_.string();
  }

  static Result theirs(const std::string& options) {
    return run("journalctl --no-pager " + options + " 2>&1");
  }
  static Result ours(const std::string& options) {
    return run(GATEVISOR_PROGRAM " log --no-pager " + options + " 2>&1");
  }

  static void same(const std::string& options) {
    const Result a = theirs(options);
    const Result b = ours(options);
    EXPECT_TRUE(a.output == b.output) << options << "\n" << first_difference(a.output, b.output);
    EXPECT_EQ(a.status, b.status) << options << b.output.substr(0, 200);
  }

  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> all;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) all.push_back(line);
    return all;
  }

  static void same_lines(const std::string& options) {
    auto a = lines(theirs(options).output);
    auto b = lines(ours(options).output);
    std::ranges::sort(a);
    std::ranges::sort(b);
    EXPECT_EQ(a, b) << options;
  }

  /// The members of each object, in any order; and the same bytes in all.
  static void same_json(const std::string& options, std::size_t prefix) {
    const auto a = lines(theirs(options).output);
    const auto b = lines(ours(options).output);
    ASSERT_EQ(a.size(), b.size()) << options;
    ASSERT_FALSE(a.empty());
    for (std::size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].size(), b[i].size()) << options << "\n" << a[i] << "\n" << b[i];
      if (a[i].empty()) continue;
      EXPECT_EQ(a[i].substr(0, prefix), b[i].substr(0, prefix));
      ASSERT_EQ(json::parse(a[i].substr(prefix)), json::parse(b[i].substr(prefix))) << options;
    }
  }

  static void every_output(const std::string& files) {
    for (const char* output :
         {"short", "short-full", "short-iso", "short-iso-precise", "short-precise",
          "short-monotonic", "short-unix", "verbose", "export", "cat", "with-unit"}) {
      same(files + " -o " + output);
      same(files + " --utc -n 30 -o " + output);
      same(files + " -r -n 30 -o " + output);
    }
    for (const char* output : {"verbose", "export", "cat", "short"}) {
      same(files + " -a -o " + std::string(output));
    }
    same_json(files + " -o json", 0);
    same_json(files + " -a -o json", 0);
    same_json(files + " -o json --output-fields=MESSAGE,MULTI", 0);
    same_json(files + " -o json-seq", 1);
    same_json(files + " -o json-sse", 6);
    // The same lines within each object.
    same_lines(files + " -n 40 -o json-pretty | sed 's/,$//'");
  }

  static void every_selection(const std::string& files) {
    for (const char* options : {"",
                                "-n 20",
                                "-n5 -r",
                                "-n",
                                "-n 0",
                                "-r",
                                "-n 100000",
                                "-q",
                                "-m",
                                "-p err",
                                "-p 3..5 -n 7",
                                "-p 2 -r",
                                "-u gateway",
                                "-u gateway -u db.service",
                                "-u 'web@*'",
                                "-u user.slice",
                                "-t sshd -p 4",
                                "--facility=daemon,5",
                                "_PID=3",
                                "_PID=3 _PID=4 PRIORITY=2",
                                "_PID=3 + PRIORITY=2 _COMM=node",
                                "_PID=3 + _PID=4 + _PID=5 -n 4",
                                "PRIORITY=9",
                                "NOSUCH=field",
                                "-u gateway _PID=5",
                                "-S @1700000100",
                                "-S @1700000100.5 -U @1700000200",
                                "-S '2023-11-14 23:20:00' -U '2023-11-14 22:30:00 UTC'",
                                "-U @1700000200",
                                "-S @1700000100 -U @1700000300 -r",
                                "-S @1700000100 -n 5",
                                "-S @1700000100 -U @1700000400 -n3 -r",
                                "-U @1600000000",
                                "-S @1800000000",
                                "-g fail",
                                "-g FAILED",
                                "-g Failed",
                                "-g error --case-sensitive=no",
                                "-g error --case-sensitive",
                                "-g 'l+ong' ",
                                "-g 'line [0-9]+0$' -n 5",
                                "-g zzzz",
                                "-q -g zzzz",
                                "-b",
                                "-b -1",
                                "-b 1",
                                "-b b0070000000000000000000000000002",
                                "-b b0070000000000000000000000000002-1",
                                "--list-boots",
                                "-n 3 --show-cursor",
                                "-o export --output-fields=MESSAGE,_PID",
                                "-o verbose --output-fields=MULTI,PRIORITY",
                                "-o cat --output-fields=_PID",
                                "-F PRIORITY -n 2",
                                "--no-hostname -n 3"}) {
      same(files + " " + options);
    }
    for (const char* field :
         {"PRIORITY", "_SYSTEMD_UNIT", "MESSAGE", "_BOOT_ID", "MULTI", "NOSUCH"}) {
      same_lines(files + " -F " + field);
    }
    same_lines(files + " -N");
  }

  static void every_cursor(const std::string& files) {
    std::vector<std::string> cursors;
    for (const std::string& line : lines(theirs(files + " -o export").output)) {
      if (line.starts_with("__CURSOR=")) cursors.push_back("'" + line.substr(9) + "'");
    }
    ASSERT_FALSE(cursors.empty());
    for (std::size_t i = 0; i < cursors.size(); i += cursors.size() / 6) {
      for (const char* options : {"-n 4 --cursor=", "-n 4 -r --cursor=", "-n 3 -p 2 --cursor=",
                                  "-n 4 --after-cursor=", "-n 4 -r --after-cursor="}) {
        same(files + " " + options + cursors[i]);
      }
    }
    same(files + " --after-cursor=" + cursors.back());
  }

  TempDir place_;
  std::filesystem::path directory_ = place_.path();
};

TEST_F(LogOracle, SystemdsFiles) {
  const std::string files = by_systemd(Generator(1).rows(400), "", "");
  every_output(files);
  every_selection(files);
  every_cursor(files);
  EXPECT_EQ(ours(files + " --verify").output, "PASS: " + files.substr(7) + "\n");
  same(files + " --disk-usage");
  same(files + " --header");
}

TEST_F(LogOracle, SystemdsOlderForms) {
  const auto rows = Generator(2).rows(200);
  for (const auto& [form, flags] :
       {std::pair("SYSTEMD_JOURNAL_COMPACT=0", "--compress=no"),
        std::pair("SYSTEMD_JOURNAL_COMPACT=0 SYSTEMD_JOURNAL_KEYED_HASH=0", "--compress=yes"),
        std::pair("SYSTEMD_JOURNAL_COMPRESS=LZ4", ""),
        std::pair("SYSTEMD_JOURNAL_COMPRESS=XZ", "")}) {
    const std::string files = by_systemd(rows, form, flags);
    for (const char* options : {"-o export", "-r", "-p 3 -o verbose", "_PID=3 + _PID=4",
                                "-F MESSAGE", "-S @1700000100 -n 9", "-g long -o cat"}) {
      same(files + " " + options);
    }
    EXPECT_EQ(ours(files + " --verify").status, 0) << form;
  }
}

TEST_F(LogOracle, OurFilesSeveralAtOnce) {
  const std::string files = by_us(Generator(3).rows(400));
  every_output(files);
  every_selection(files);
  every_cursor(files);
  EXPECT_EQ(ours(files + " --verify").status, 0);
  same("--header --file=" + file("ours-2.journal"));
  EXPECT_EQ(ours("--file='" + file("ours-*") + "' -q -o export").output,
            theirs("--file='" + file("ours-*") + "' -q -o export").output);
}

TEST_F(LogOracle, FilesOfSeveralMachinesAtOnce) {
  (void)by_us(Generator(4).rows(300));
  (void)by_systemd(Generator(5, 5).rows(300), "", "");
  const std::string files = "-D " + directory_.string();
  for (const char* options : {"-o export", "-r -o export", "-n 50", "-S @1700000200 -U @1700000300",
                              "-u gateway", "-p 1 -r"}) {
    same(files + " " + options);
  }
}

// A copy beside the original: each entry is there once.
TEST_F(LogOracle, ACopyAddsNothing) {
  const std::string files = by_systemd(Generator(6).rows(200), "", "");
  std::filesystem::copy_file(file("remote.journal"), file("copy.journal"));
  const std::string both = "-D " + directory_.string();
  EXPECT_EQ(ours(both + " -o export").output, ours(files + " -o export").output);
  EXPECT_EQ(ours(both + " -r -o export").output, ours(files + " -r -o export").output);
  same(both + " -o export");
}

TEST_F(LogOracle, TheLastEntriesBeforeATime) {
  const std::string files = by_us(Generator(7).rows(200));
  const auto all =
      lines(ours(files + " -q --no-hostname -o short-unix -U @1700000150 _COMM=node").output);
  const auto last =
      lines(ours(files + " -q --no-hostname -o short-unix -U @1700000150 _COMM=node -n 3").output);
  ASSERT_GT(all.size(), 3u);
  EXPECT_FALSE(last.empty());
  EXPECT_EQ(last.back(), all.back());
}

TEST_F(LogOracle, WhatIsWrongIsOneLine) {
  const std::string files = by_us(Generator(8).rows(10));
  for (const char* options : {"-S foo", "-o foo", "--zork", "-n x5 -p", "-p 9", "FOO= +", "-b -7",
                              "--boot=zz", "-g '('", "--cursor=x", "-f -r", "--vacuum-size=x", "-Z",
                              "-u", "--invocation=5", "-S now -U yesterday"}) {
    const Result result = ours(files + " " + options);
    EXPECT_NE(result.status, 0) << options;
    EXPECT_EQ(std::ranges::count(result.output, '\n'), 1) << options << ": " << result.output;
    EXPECT_TRUE(result.output.starts_with("gatevisor: log: ")) << options << ": " << result.output;
  }
  const Result full = run(GATEVISOR_PROGRAM " log " + files + " 2>&1 >/dev/full");
  EXPECT_EQ(WEXITSTATUS(full.status), 73);
  EXPECT_EQ(std::ranges::count(full.output, '\n'), 1) << full.output;
  const Result nothing = ours("-D " + file("nowhere"));
  EXPECT_EQ(WEXITSTATUS(nothing.status), 66);
  EXPECT_EQ(std::ranges::count(nothing.output, '\n'), 1) << nothing.output;
}

// Cut off anywhere, or with bytes changed: an error or fewer entries, and an end.
TEST_F(LogOracle, DamagedFilesNeverCrashIt) {
  (void)by_systemd(Generator(9).rows(60), "", "");
  std::ifstream stream(file("remote.journal"), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(stream), {}};
  std::mt19937 random(9);
  const std::string path = file("damaged.journal");
  std::size_t used = whole.size();
  while (used > 4096 && whole[used - 1] == '\0') --used;
  for (int i = 0; i < 60; ++i) {
    std::string bytes = whole;
    if (i % 3 == 0) bytes.resize(random() % used);
    for (int n = 0; n < 20 && i % 3 != 0; ++n) {
      const std::size_t at = i % 3 == 1 ? random() % 300 : used - 1 - random() % (used / 50);
      if (at < bytes.size()) bytes[at] = static_cast<char>(random());
    }
    std::ofstream(path, std::ios::binary) << bytes;
    for (const char* options : {" -o json", " -r -p 3", " --verify", " -F MESSAGE", " -N"}) {
      const Result result =
          run("timeout 20 " GATEVISOR_PROGRAM " log --file=" + path + options + " >/dev/null 2>&1");
      ASSERT_TRUE(WIFEXITED(result.status)) << i << options;
      const int status = WEXITSTATUS(result.status);
      EXPECT_TRUE(status == 0 || status == 1 || status == 66) << i << options << ": " << status;
    }
  }
}

}  // namespace
}  // namespace gatevisor::app
