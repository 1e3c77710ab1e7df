// `gatevisor log` while files are written, rotated and removed, and on a terminal.
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "app/file_storage.h"
#include "journal_testing.h"
#include "os/data_file.h"
#include "support/temp_dir.h"

namespace gatevisor::app {
namespace {

constexpr int kPatienceMs = 20'000;

/// The program with its standard output in a pipe, or on a terminal.
class Running {
 public:
  Running(std::vector<std::string> arguments, bool terminal) {
    arguments.insert(arguments.begin(), {GATEVISOR_PROGRAM, "log"});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int ends[2] = {-1, -1};
    if (terminal) {
      pid_ = forkpty(&fd_, nullptr, nullptr, nullptr);
    } else {
      EXPECT_EQ(pipe(ends), 0);
      pid_ = fork();
    }
    if (pid_ == 0) {
      if (!terminal) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
      }
      setenv("TZ", "UTC", 1);
      execv(argv[0], argv.data());
      _exit(127);
    }
    if (!terminal) {
      close(ends[1]);
      fd_ = ends[0];
    }
  }
  ~Running() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (fd_ >= 0) close(fd_);
  }

  /// Up to its next newline; empty: none came in time.
  std::string line() {
    for (;;) {
      if (const std::size_t end = text_.find('\n'); end != text_.npos) {
        std::string line = text_.substr(0, end);
        text_.erase(0, end + 1);
        return line;
      }
      if (!more()) return {};
    }
  }
  /// All until its end.
  std::string rest() {
    while (more()) {
    }
    return std::exchange(text_, {});
  }
  void stop_reading() {
    close(fd_);
    fd_ = -1;
  }
  bool exited() const { return WIFEXITED(status_); }
  bool ends() {
    const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    pollfd ended{.fd = fd, .events = POLLIN, .revents = 0};
    const bool came = poll(&ended, 1, kPatienceMs) == 1;
    close(fd);
    if (came && waitpid(pid_, &status_, 0) == pid_) {
      pid_ = 0;
      return true;
    }
    return false;
  }

 private:
  bool more() {
    pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, kPatienceMs) != 1) return false;
    char bytes[4096];
    const ssize_t got = read(fd_, bytes, sizeof bytes);
    if (got <= 0) return false;
    text_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int fd_ = -1;
  pid_t pid_ = -1;
  int status_ = -1;
  std::string text_;
};

/// A journal as a writer keeps it: one file that grows, and rotated ones.
class Live {
 public:
  explicit Live(const std::string& directory) : path_(directory) {
    directory_ = std::move(*os::open_data_directory(directory));
    begin();
  }
  void write(int count) {
    for (; count > 0; --count) {
      ASSERT_TRUE(append(*writer_, journal::plain_entry(number_++)));
    }
  }
  std::string rotate() {
    EXPECT_TRUE(writer_->close());
    seqnum_ = writer_->next_seqnum();
    const std::string name = "live@000000000000000000000000000000aa-" + hex(seqnum_) + "-" +
                             hex(1'700'000'000'000'000 + number_) + ".journal";
    EXPECT_TRUE(os::rename_data_file(directory_, "live.journal", name));
    begin();
    return path_ + "/" + name;
  }

 private:
  static std::string hex(std::uint64_t number) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
    return text;
  }
  void begin() {
    storage_ =
        std::make_unique<FileStorage>(std::move(*os::DataFile::create(directory_, "live.journal")));
    journal::FileIds ids = journal::test_ids();
    ids.file_id[0] = static_cast<std::byte>(++files_);
    writer_.emplace(
        std::move(*journal::Writer::create(*storage_, ids, seqnum_, journal::small_file())));
  }

  std::string path_;
  os::UniqueFd directory_;
  std::unique_ptr<FileStorage> storage_;
  std::optional<journal::Writer> writer_;
  std::uint64_t number_ = 0;
  std::uint64_t seqnum_ = 1;
  int files_ = 0;
};

class LogLive : public testing::Test {
 protected:
  static std::string output_of(const std::string& command) {
    std::string output;
    std::FILE* pipe = popen(command.c_str(), "r");
    char bytes[4096];
    while (const std::size_t got = std::fread(bytes, 1, sizeof bytes, pipe))
      output.append(bytes, got);
    pclose(pipe);
    return output;
  }

  TempDir place_;
  const std::string& directory_ = place_.path();
};

TEST_F(LogLive, FollowsAcrossRotations) {
  Live journal(directory_);
  journal.write(15);
  Running log({"-f", "-o", "cat", "-D", directory_}, false);
  int next = 5;  // the last ten first
  for (; next < 15; ++next) ASSERT_EQ(log.line(), "line " + std::to_string(next));
  for (int round = 0; round < 6; ++round) {
    journal.write(3);
    const std::string old = round % 2 == 0 ? journal.rotate() : "";
    journal.write(200);
    if (round == 4) std::filesystem::remove(old);
    for (const int end = next + 203; next < end; ++next) {
      ASSERT_EQ(log.line(), "line " + std::to_string(next)) << round;
    }
  }
  log.stop_reading();
  journal.write(1);
  EXPECT_TRUE(log.ends());
}

TEST_F(LogLive, FollowsADirectoryThatHasNothingYet) {
  Running log({"-f", "-o", "cat", "-D", directory_, "PRIORITY=3"}, false);
  Live journal(directory_);
  journal.write(12);
  EXPECT_EQ(log.line(), "line 3");
  EXPECT_EQ(log.line(), "line 10");
}

TEST_F(LogLive, ReadsAFileThatIsBeingWritten) {
  Live journal(directory_);
  for (int i = 1; i < 40; ++i) {
    journal.write(1);
    const std::string output =
        output_of(GATEVISOR_PROGRAM " log -q -o cat -n 1 -D " + directory_ + " 2>&1");
    ASSERT_EQ(output, "line " + std::to_string(i - 1) + "\n");
  }
}

TEST_F(LogLive, GoesThroughThePagerWithColoursOnATerminal) {
  Live journal(directory_);
  journal.write(4);  // of priorities 0 to 3
  setenv("GATEVISOR_PAGER", "sed 's/^/paged: /'", 1);
  setenv("TERM", "xterm", 1);
  Running log({"--no-hostname", "-n", "1", "-D", directory_}, true);
  const std::string output = log.rest();
  unsetenv("GATEVISOR_PAGER");
  EXPECT_TRUE(output.starts_with("paged: Nov 14 ")) << output;
  EXPECT_TRUE(output.contains("\x1b[0;1;31mline 3\x1b[0m")) << output;
  Running plain({"--no-hostname", "--no-pager", "-n", "1", "-D", directory_}, true);
  EXPECT_TRUE(plain.rest().starts_with("Nov 14 "));
}

// journalctl is the oracle: the same files go.
TEST_F(LogLive, VacuumsAsJournalctlDoes) {
  Live journal(directory_ + "/ours");
  for (int i = 0; i < 7; ++i) {
    journal.write(2000);
    (void)journal.rotate();
  }
  journal.write(1);
  const auto names = [](const std::string& directory) {
    std::vector<std::string> all;
    for (const auto& file : std::filesystem::directory_iterator(directory)) {
      all.push_back(file.path().filename());
    }
    std::ranges::sort(all);
    return all;
  };
  const std::string ours = directory_ + "/ours";
  const std::string theirs = directory_ + "/theirs";
  std::size_t before = names(ours).size();
  ASSERT_EQ(before, 8u);
  for (const char* option :
       {"--vacuum-files=20", "--vacuum-files=6", "--vacuum-size=3M", "--vacuum-size=1K"}) {
    std::filesystem::remove_all(theirs);
    std::filesystem::copy(ours, theirs);
    (void)output_of("journalctl -q -D " + theirs + " " + option + " 2>&1");
    (void)output_of(GATEVISOR_PROGRAM " log -q -D " + ours + " " + option + " 2>&1");
    EXPECT_EQ(names(ours), names(theirs)) << option;
    EXPECT_LE(names(ours).size(), before);
    before = names(ours).size();
  }
  EXPECT_EQ(before, 1u);
}

TEST_F(LogLive, TheCursorFileGoesOn) {
  Live journal(directory_);
  const std::string command = GATEVISOR_PROGRAM " log -q -o cat --cursor-file=" + directory_ +
                              "/cursor -D " + directory_ + " 2>&1";
  journal.write(3);
  EXPECT_EQ(output_of(command), "line 0\nline 1\nline 2\n");
  EXPECT_EQ(output_of(command), "");
  journal.write(2);
  EXPECT_EQ(output_of(command), "line 3\nline 4\n");
}

// gatevisor's own records say UNIT=, and it need not be process 1.
TEST_F(LogLive, UnitsAndInvocationsOfGatevisorsRecords) {
  const auto storage_for = [this](const char* name) {
    auto directory = os::open_data_directory(directory_);
    return FileStorage(std::move(*os::DataFile::create(*directory, name)));
  };
  FileStorage storage = storage_for("gatevisor.journal");
  auto writer = journal::Writer::create(storage, journal::test_ids(), 1, journal::small_file());
  const std::string ids[] = {std::string(32, 'a'), std::string(32, 'b'), std::string(32, 'c')};
  for (std::uint64_t i = 0; i < 3; ++i) {
    for (const char* what : {"started", "exited"}) {
      ASSERT_TRUE(append(*writer, {{1'700'000'000'000'000 + i * 10, 10 + i * 10},
                                   {std::string("MESSAGE=") + what + " " + std::to_string(i),
                                    "UNIT=gateway.service", "_COMM=gatevisor", "_PID=77",
                                    "INVOCATION_ID=" + ids[i]}}));
    }
  }
  ASSERT_TRUE(
      append(*writer, {{1'700'000'000'000'100, 100}, {"MESSAGE=other", "_COMM=gatevisor"}}));
  ASSERT_TRUE(writer->close());
  const std::string command = GATEVISOR_PROGRAM " log -q -o cat -D " + directory_ + " ";
  EXPECT_EQ(output_of(command + "gateway -n 1"), "exited 2\n");
  EXPECT_EQ(output_of(command + "gateway --invocation=0"), "started 2\nexited 2\n");
  EXPECT_EQ(output_of(command + "--invocation=-1"), "started 1\nexited 1\n");
  EXPECT_EQ(output_of(command + "--invocation=1"), "started 0\nexited 0\n");
  EXPECT_EQ(output_of(command + "--invocation=" + ids[2]), "started 2\nexited 2\n");
  EXPECT_EQ(output_of(command + "gate* -I"), "started 2\nexited 2\n");
  const std::string list =
      output_of(GATEVISOR_PROGRAM " log --list-invocations gateway -D " + directory_);
  EXPECT_EQ(std::ranges::count(list, '\n'), 4) << list;
  EXPECT_TRUE(list.contains(" -1 " + ids[1])) << list;
}

// Cut off under the reader: what is left is shown, or an error, but no signal.
TEST_F(LogLive, SurvivesAFileThatIsCutOff) {
  Live journal(directory_);
  journal.write(3000);
  for (int i = 0; i < 20; ++i) {
    std::filesystem::copy_file(directory_ + "/live.journal", directory_ + "/cut.journal",
                               std::filesystem::copy_options::overwrite_existing);
    Running log({"-o", "json", "--file=" + directory_ + "/cut.journal"}, false);
    EXPECT_FALSE(log.line().empty());
    std::filesystem::resize_file(directory_ + "/cut.journal", 4096u * static_cast<unsigned>(i));
    (void)log.rest();
    EXPECT_TRUE(log.ends());
    EXPECT_TRUE(log.exited()) << i;
  }
}

}  // namespace
}  // namespace gatevisor::app
