// --journal-socket and --syslog-socket: what services send there, as journalctl reads it.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cgroup_home.h"
#include "gatevisor.h"
#include "journal.h"
#include "support/send_rights.h"

namespace gatevisor::testing {
namespace {

using nlohmann::json;

/// A service that waits until it is told to go on, and says that it is there.
Launch listening(const TempDir& files, std::vector<std::string> properties = {"Restart=no"}) {
  EXPECT_EQ(mkfifo(files.file("go").c_str(), 0600), 0);
  Launch launch = shell(files, "echo x >" + files.file("there") + "; cat " + files.file("go"),
                        std::move(properties));
  launch.options.push_back("--journal-socket=" + files.file("journal.socket"));
  launch.options.push_back("--syslog-socket=" + files.file("syslog.socket"));
  return launch;
}

/// One that sends to a log socket.
class Client {
 public:
  explicit Client(const std::string& path) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
        << path << ": " << std::strerror(errno);
    const int size = 4 << 20;
    (void)setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool send(std::string_view bytes, const std::vector<int>& fds = {}) const {
    return send_rights(fd_, bytes, fds) >= 0;
  }
  /// As sd_journal_send(3) does with what is too long for a datagram.
  bool send_file(std::string_view bytes,
                 int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) const {
    const int file = memfd_create("entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    EXPECT_EQ(write(file, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(fcntl(file, F_ADD_SEALS, seals), 0);
    const bool sent = send("", {file});
    close(file);
    return sent;
  }

 private:
  int fd_;
};

/// A process of its own, which ends with 0.
int start_client(const std::function<void()>& work) {
  const int pid = fork();
  if (pid == 0) {
    work();
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  return pid;
}
void expect_done(int pid) {
  int status = -1;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

/// MESSAGE= of what matches, a line each.
std::string messages(const TempDir& files, const std::string& matches) {
  return output_of("journalctl -q --no-pager -a -o cat -D " + files.file("journal") + " " +
                   matches);
}

/// What matches, once it is there.
std::vector<json> wait_entries(const TempDir& files, const std::string& matches,
                               std::size_t count = 1) {
  const auto deadline = std::chrono::steady_clock::now() + patience();
  // Its own reader tells of each entry.
  std::string seen =
      output_of(gatevisor_program() + " log -f --no-tail -o cat -D " + files.file("journal") + " " +
                matches + " | head -n " + std::to_string(count));
  EXPECT_LT(std::chrono::steady_clock::now(), deadline) << seen;
  return entries(files.file("journal"), matches);
}

void end(Gatevisor& supervisor, const TempDir& files) {
  std::ofstream(files.file("go")) << "";
  EXPECT_EQ(supervisor.expect_end(), 0) << supervisor.log();
}

/// gatevisor with nothing at /run and with /dev of its own, so that the usual paths are free.
void with_usual_paths() {
  const auto done = [](int result) {
    if (result != 0) _exit(99);
  };
  done(unshare(CLONE_NEWNS));
  done(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
  done(mount("tmpfs", "/run", "tmpfs", 0, "mode=755"));
  done(mount("tmpfs", "/dev", "tmpfs", 0, "mode=755"));
  umask(0);
  done(mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)));
  done(mknod("/dev/urandom", S_IFCHR | 0666, makedev(1, 9)));
  done(mkdir("/dev/shm", 0777));
  umask(022);
}

// libsystemd's own function, logger(1), and Python's syslog(3).
TEST(JournalSocket, RealClientsAreHeardAtTheUsualPaths) {
  TempDir files;
  const std::string large(3 << 20, 'x');
  std::ofstream(files.file("client.py")) << R"(
import ctypes, os, syslog
lib = ctypes.CDLL("libsystemd.so.0")
assert lib.sd_journal_send(b"MESSAGE=from libsystemd", b"PRIORITY=4", b"TIER=edge", None) == 0
assert lib.sd_journal_send(b"MESSAGE=two\nlines", b"PRIORITY=5", None) == 0
assert lib.sd_journal_send(b"MESSAGE=%s", b"x" * (3 << 20), b"TIER=large", None) == 0
syslog.openlog("py[x]", syslog.LOG_PID, syslog.LOG_LOCAL3)
syslog.syslog(syslog.LOG_ERR, "from python: text")
)";
  Launch launch = shell(files, "python3 " + files.file("client.py") +
                                   " && logger -t tool -p daemon.notice from logger && echo done");
  launch.options.push_back("--journal-socket");
  launch.options.push_back("--syslog-socket");
  launch.prepare = with_usual_paths;
  Gatevisor supervisor(launch);
  const int pid = supervisor.expect_started();
  const std::string invocation = supervisor.expect_exited().text("/verdict/invocation");
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(lines_of(files), "done\n") << supervisor.log();

  const auto native = entries(files.file("journal"), "_TRANSPORT=journal TIER=edge");
  ASSERT_EQ(native.size(), 1u);
  EXPECT_EQ(native[0].value("MESSAGE", ""), "from libsystemd");
  EXPECT_EQ(native[0].value("PRIORITY", ""), "4");
  EXPECT_EQ(native[0].value("_UID", ""), "0");
  EXPECT_EQ(native[0].value("_GID", ""), "0");
  EXPECT_NE(native[0].value("_PID", ""), "");
  EXPECT_NE(native[0].value("_PID", ""), std::to_string(pid));
  EXPECT_EQ(native[0].value("_SYSTEMD_UNIT", ""), "gateway.service");
  EXPECT_EQ(native[0].value("_SYSTEMD_INVOCATION_ID", ""), invocation);
  EXPECT_EQ(native[0].value("_SYSTEMD_SLICE", ""), "gateway.slice");
  EXPECT_FALSE(native[0].value("_BOOT_ID", "").empty());
  EXPECT_EQ(native[0].value("_SOURCE_REALTIME_TIMESTAMP", "").size(), 16u);
  EXPECT_EQ(messages(files, "PRIORITY=5 _COMM=python3"), "two\nlines\n");
  EXPECT_EQ(messages(files, "TIER=large"), large + "\n");

  const auto syslog = entries(files.file("journal"), "_TRANSPORT=syslog");
  ASSERT_EQ(syslog.size(), 2u);
  EXPECT_EQ(syslog[0].value("MESSAGE", ""), "from python: text");
  EXPECT_EQ(syslog[0].value("PRIORITY", ""), "3");
  EXPECT_EQ(syslog[0].value("SYSLOG_FACILITY", ""), "19");
  EXPECT_EQ(syslog[0].value("SYSLOG_IDENTIFIER", ""), "py[x]");
  EXPECT_EQ(syslog[0].value("SYSLOG_PID", ""), syslog[0].value("_PID", "-"));
  EXPECT_EQ(syslog[0].value("_SYSTEMD_UNIT", ""), "gateway.service");
  EXPECT_EQ(syslog[1].value("MESSAGE", ""), "from logger");
  EXPECT_EQ(syslog[1].value("PRIORITY", ""), "5");
  EXPECT_EQ(syslog[1].value("SYSLOG_FACILITY", ""), "3");
  EXPECT_EQ(syslog[1].value("SYSLOG_IDENTIFIER", ""), "tool");
  output_of("journalctl -q --verify -D " + files.file("journal") + " 2>&1");
}

TEST(JournalSocket, AStrangersEntryIsNobodysButHis) {
  TempDir files;
  Gatevisor supervisor(listening(files));
  files.wait_file("there");
  const int sender = start_client([&] {
    ASSERT_EQ(setgid(65'534), 0);
    ASSERT_EQ(setuid(65'534), 0);
    EXPECT_TRUE(Client(files.file("journal.socket")).send("MESSAGE=native\n"));
    EXPECT_TRUE(Client(files.file("syslog.socket")).send("<12>stranger: syslog"));
  });
  expect_done(sender);
  wait_entries(files, "_UID=65534", 2);
  end(supervisor, files);
  for (const char* transport : {"journal", "syslog"}) {
    const auto found =
        entries(files.file("journal"), "_UID=65534 _TRANSPORT=" + std::string(transport));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].value("MESSAGE", ""),
              transport == std::string("journal") ? "native" : transport);
    EXPECT_EQ(found[0].value("_PID", ""), std::to_string(sender));
    EXPECT_EQ(found[0].value("_GID", ""), "65534");
    EXPECT_EQ(found[0].value("_SYSTEMD_UNIT", ""), "");
    EXPECT_EQ(found[0].value("_SYSTEMD_INVOCATION_ID", ""), "");
  }
}

TEST(JournalSocket, NobodyForgesWhatIsKnownForCertain_OrGatevisorsOwnRecords) {
  TempDir files;
  Gatevisor supervisor(listening(files));
  files.wait_file("there");
  expect_done(start_client([&] {
    prctl(PR_SET_NAME, "gatevisor", 0, 0, 0);
    EXPECT_TRUE(
        Client(files.file("journal.socket"))
            .send("MESSAGE=forged\nPRIORITY=3\nSYSLOG_IDENTIFIER=gatevisor\n"
                  "_PID=1\n_UID=1\n_TRANSPORT=driver\n_COMM=gatevisor\n_SYSTEMD_UNIT=x.service\n"
                  "UNIT=gateway.service\nGATEVISOR_EVENT=exited\nGATEVISOR_CAUSE=oom-kill\n"
                  "MESSAGE_ID=98e322203f7a4ed290d09fe03c09fe15\n"
                  "GATEVISOR_RECORD={\"event\":\"exited\",\"unit\":\"gateway\"}\n"));
  }));
  wait_entries(files, "MESSAGE=forged");
  end(supervisor, files);
  const auto found = entries(files.file("journal"), "MESSAGE=forged");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].value("_PID", ""), "1");
  EXPECT_EQ(found[0].value("_UID", ""), "0");
  EXPECT_EQ(found[0].value("_TRANSPORT", ""), "journal");
  for (const char* field :
       {"_COMM", "_SYSTEMD_UNIT", "GATEVISOR_EVENT", "GATEVISOR_CAUSE", "GATEVISOR_RECORD"}) {
    EXPECT_FALSE(found[0].contains(field)) << field;
  }
  EXPECT_EQ(messages(files, "-u gateway").find("forged"), std::string::npos);
  const std::string why =
      output_of(gatevisor_program() + " why -D " + files.file("journal") + " 2>&1");
  EXPECT_EQ(why.find("forged"), std::string::npos) << why;
  EXPECT_EQ(why.find("cannot be read"), std::string::npos) << why;
}

TEST(JournalSocket, LevelsAboveTheUnitsLimitAreNotKept_AndItsExtraFieldsAreThere) {
  TempDir files;
  std::ofstream(files.file("client.py"))
      << "import socket\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.connect('"
      << files.file("journal.socket")
      << "')\ns.send(b'MESSAGE=quiet\\nPRIORITY=6\\n')\ns.send(b'MESSAGE=loud\\nPRIORITY=4\\n')\n";
  Launch launch = shell(files, "python3 " + files.file("client.py"),
                        {"Restart=no", "LogLevelMax=warning", "LogExtraFields=TIER=edge"});
  launch.options.push_back("--journal-socket=" + files.file("journal.socket"));
  Gatevisor supervisor(launch);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(messages(files, "_COMM=python3"), "loud\n");
  EXPECT_EQ(messages(files, "_COMM=python3 TIER=edge"), "loud\n");
}

// Its first words may come before its outputs are known, and it may have none in the journal.
TEST(JournalSocket, AProcessIsOfItsUnitFromTheStart_WithoutAnOutputToo) {
  TempDir files;
  std::ofstream(files.file("gw.service"))
      << "[Service]\nStandardOutput=null\nStandardError=null\nExecStart=/usr/bin/python3 -c "
         "\"import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect('"
      << files.file("journal.socket")
      << "'); s.send(b'MESSAGE=words\\\\n'); open('" << files.file("go")
      << "').read()\"\n";
  ASSERT_EQ(mkfifo(files.file("go").c_str(), 0600), 0);
  Gatevisor supervisor({.options = {"--journal-dir=" + files.file("journal"), "--console=none",
                                    "--journal-socket=" + files.file("journal.socket")},
                        .unit = files.file("gw.service")});
  supervisor.expect_started();
  wait_entries(files, "MESSAGE=words");
  kill(writer_of(supervisor.pid()), SIGKILL);
  end(supervisor, files);
  EXPECT_EQ(messages(files, "MESSAGE=words -u gw"), "words\n");
}

/// gatevisor's standard output is a file.
void show_in_file(Launch& launch, const TempDir& files, const std::string& mode) {
  launch.options[1] = "--console=" + mode;
  launch.prepare = [path = files.file("console")] {
    dup2(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), STDOUT_FILENO);
  };
}

TEST(JournalSocket, IsShownOnTheConsoleAsJournalctlHasIt) {
  const std::string pid = std::to_string(getpid());
  for (const bool prefix : {false, true}) {
    TempDir files;
    Launch launch = listening(files);
    show_in_file(launch, files, prefix ? "prefix" : "pass");
    Gatevisor supervisor(launch);
    files.wait_file("there");
    ASSERT_TRUE(Client(files.file("syslog.socket")).send("<28>Nov 27 12:01:02 ha\x01proxy[7]: up"));
    wait_entries(files, "_TRANSPORT=syslog");
    // Of two lines, and the second is not to look like one of somebody else.
    ASSERT_TRUE(Client(files.file("journal.socket"))
                    .send("SYSLOG_IDENTIFIER=app\nMESSAGE\n" + std::string("\x0b\0\0\0\0\0\0\0", 8) +
                          "one\n[x] two\n"));
    wait_entries(files, "SYSLOG_IDENTIFIER=app");
    end(supervisor, files);
    std::istringstream shown(read_file(files.file("console")));
    for (const char* wanted : {"ha?proxy[PID]: up", "app[PID]: one", "app[PID]: [x] two"}) {
      std::string line;
      std::getline(shown, line);
      if (prefix) line.erase(0, std::string("2026-11-24T09:44:32.127Z ").size());
      EXPECT_EQ(line, std::string(wanted).replace(std::string(wanted).find("PID"), 3, pid));
    }
  }
}

TEST(JournalSocket, IsShownOnTheConsoleAsAnObject) {
  TempDir files;
  std::ofstream(files.file("client.py"))
      << "import socket\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.connect('"
      << files.file("journal.socket") << "')\ns.send(b'MESSAGE=loud\\nPRIORITY=4\\n')\n";
  Launch launch = shell(files, "python3 " + files.file("client.py"), {"Restart=no"});
  launch.options.push_back("--journal-socket=" + files.file("journal.socket"));
  show_in_file(launch, files, "json");
  Gatevisor supervisor(launch);
  EXPECT_EQ(supervisor.expect_end(), 0);
  const std::string shown = read_file(files.file("console"));
  const json line = json::parse(shown, nullptr, false);
  ASSERT_TRUE(line.is_object()) << shown;
  EXPECT_EQ(line.value("message", ""), "loud");
  EXPECT_EQ(line.value("level", ""), "warning");
  EXPECT_EQ(line.value("unit", ""), "gateway");
  EXPECT_EQ(line.value("stream", ""), "journal");
  EXPECT_EQ(line.value("identifier", ""), "python3");
  EXPECT_EQ(line.value("invocation", "").size(), 32u);
}

// A file of one datagram with more entries than anybody reads.
TEST(JournalSocket, AFloodInOneDatagramIsShownInPart) {
  TempDir files;
  Launch launch = listening(files);
  show_in_file(launch, files, "json");
  Gatevisor supervisor(launch);
  files.wait_file("there");
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "MESSAGE=x\n\n";
  ASSERT_TRUE(Client(files.file("journal.socket")).send_file(many));
  end(supervisor, files);
  EXPECT_EQ(entries(files.file("journal"), "MESSAGE=x").size(), 20'000u);
  const std::string shown = read_file(files.file("console"));
  EXPECT_GT(shown.size(), 1u << 20);
  EXPECT_LT(shown.size(), (1u << 20) + 1000);
  EXPECT_TRUE(shown.ends_with(" entries were not shown\n"));
}

// It is waited for as with streams, and no longer.
TEST(JournalSocket, AStuckConsoleStopsNeitherTheJournalNorTheClients) {
  TempDir files;
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  Launch launch = listening(files);
  launch.options[1] = "--console=pass";
  launch.prepare = [out = ends[1]] { dup2(out, STDOUT_FILENO); };
  Gatevisor supervisor(launch);
  close(ends[1]);
  files.wait_file("there");
  const Client client(files.file("syslog.socket"));
  const std::string text(10'000, 'x');
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(client.send("<30>" + std::to_string(i) + text));
  }
  end(supervisor, files);
  EXPECT_EQ(entries(files.file("journal"), "_TRANSPORT=syslog").size(), 300u);
  close(ends[0]);
}

// Huge, empty, broken, with descriptors of every sort: the writer lives, and goes on.
TEST(JournalSocket, HostileSendersGetNowhere) {
  TempDir files;
  Gatevisor supervisor(listening(files));
  files.wait_file("there");
  const Client native(files.file("journal.socket"));
  const Client syslog(files.file("syslog.socket"));
  ASSERT_TRUE(native.send("MESSAGE=first\n"));
  wait_entries(files, "MESSAGE=first");
  const int writer = writer_of(supervisor.pid());
  const std::size_t descriptors = open_fds(writer);

  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const int disk = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  const int sparse = memfd_create("sparse", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(sparse, off_t{1} << 40), 0);
  unsigned random = 1;
  for (const Client* client : {&native, &syslog}) {
    EXPECT_TRUE(client->send(""));
    EXPECT_TRUE(client->send(std::string(1 << 20, 'A')));
    EXPECT_TRUE(client->send(std::string(1 << 20, '\0')));
    EXPECT_TRUE(client->send(std::string("MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff", 16)));
    EXPECT_TRUE(client->send("_PID=1\n_UID=0\n"));
    for (int i = 0; i < 300; ++i) {
      std::string garbage;
      for (unsigned size = random % 2000; size > 0; --size) {
        random = random * 1'103'515'245 + 12'345;
        garbage += static_cast<char>(random >> 16);
      }
      random = random * 1'103'515'245 + 12'345;
      EXPECT_TRUE(client->send(garbage));
    }
    for (const int fd : {ends[0], ends[1], disk, sparse, 0}) {
      EXPECT_TRUE(client->send("", {fd}));
      EXPECT_TRUE(client->send("MESSAGE=with a file\n", {fd}));
    }
    EXPECT_TRUE(client->send("", std::vector<int>(253, ends[0])));
    EXPECT_TRUE(client->send_file(std::string(2 << 20, '=')));
    EXPECT_TRUE(client->send_file("MESSAGE\n"));
  }
  EXPECT_TRUE(native.send_file("MESSAGE=in a file\n"));
  EXPECT_TRUE(native.send_file("MESSAGE=in an open file\n", 0));
  std::string many;
  for (int i = 0; i < 1024; ++i) many += "F" + std::to_string(i) + "=1\n";
  EXPECT_TRUE(native.send("MESSAGE=too many\n" + many));
  EXPECT_TRUE(native.send(many.substr(0, many.rfind("F1023")) + "MESSAGE=many\n"));
  EXPECT_TRUE(native.send("MESSAGE=last\n"));
  EXPECT_TRUE(syslog.send("<6>last: of all"));
  wait_entries(files, "MESSAGE=last");
  wait_entries(files, "SYSLOG_IDENTIFIER=last");
  EXPECT_EQ(writer_of(supervisor.pid()), writer);
  EXPECT_EQ(open_fds(writer), descriptors);
  EXPECT_EQ(messages(files, "_TRANSPORT=journal MESSAGE='in a file' + MESSAGE='in an open file'"),
            "in a file\nin an open file\n");
  EXPECT_EQ(messages(files, "MESSAGE='with a file' + MESSAGE='too many'"), "");
  EXPECT_EQ(messages(files, "MESSAGE=many"), "many\n");
  end(supervisor, files);
  for (const int fd : {ends[0], ends[1], disk, sparse}) close(fd);
  EXPECT_EQ(supervisor.lines_with("\"level\":\"warning\""), 0u) << supervisor.log();
  output_of("journalctl -q --verify -D " + files.file("journal") + " 2>&1");
}

/// Numbered entries, some of them in a file, some two in a datagram.
void send_numbered(const TempDir& files, int count) {
  const Client native(files.file("journal.socket"));
  for (int i = 1; i <= count; ++i) {
    std::string entry = "MESSAGE=line " + std::to_string(i) + "\n";
    if (i % 10 == 0 && i < count) {
      ++i;
      entry += "\nMESSAGE=line " + std::to_string(i) + "\n";
    }
    EXPECT_TRUE(i % 25 == 0 ? native.send_file(entry) : native.send(entry));
  }
}

// Killed at any moment under full load: no entry lost, none twice; and all files verified.
TEST(JournalWriter, KilledWriterLosesAndDoublesNoDatagram) {
  TempDir files;
  const char* long_form = std::getenv("GATEVISOR_TEST_KILLS");
  const int kills = long_form != nullptr ? std::atoi(long_form) : 15;
  const int count = 4'000 + kills * 1'500;
  Gatevisor supervisor(listening(
      files, {"Restart=no", "SystemMaxUse=4G", "SystemMaxFiles=0", "SystemMaxFileSize=4M"}));
  files.wait_file("there");
  const int native = start_client([&] { send_numbered(files, count); });
  const int syslog = start_client([&] {
    const Client client(files.file("syslog.socket"));
    for (int i = 1; i <= count; ++i) EXPECT_TRUE(client.send("<6>line " + std::to_string(i)));
  });
  kill_writers(supervisor.pid(), kills);
  expect_done(native);
  expect_done(syslog);
  std::ofstream(files.file("go")) << "";
  supervisor.expect_end(patience(120s));
  for (const char* transport : {"syslog", "journal"}) {
    const std::string found = messages(files, "_UID=0 _TRANSPORT=" + std::string(transport));
    EXPECT_EQ(found.size(), numbered(count).size()) << transport;
    EXPECT_TRUE(found == numbered(count)) << transport;
  }
  output_of("journalctl -q --verify -D " + files.file("journal") + " 2>&1");
}

// While none runs, what is sent waits; gatevisor's end is no end for what was sent before it.
TEST(JournalSocket, WhatWasSentBeforeTheEndIsKept) {
  TempDir files;
  Gatevisor supervisor(listening(files));
  files.wait_file("there");
  const int writer = writer_of(supervisor.pid());
  kill(writer, SIGSTOP);
  const Client native(files.file("journal.socket"));
  const Client syslog(files.file("syslog.socket"));
  for (int i = 1; i <= 5; ++i) {
    EXPECT_TRUE(native.send("MESSAGE=line " + std::to_string(i) + "\n"));
    EXPECT_TRUE(syslog.send("<6>line " + std::to_string(i)));
  }
  std::ofstream(files.file("go")) << "";
  supervisor.expect("exited");
  kill(writer, SIGCONT);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(messages(files, "_TRANSPORT=syslog"), numbered(5));
  EXPECT_EQ(messages(files, "_UID=0 _TRANSPORT=journal"), numbered(5));
  EXPECT_FALSE(native.send("MESSAGE=late\n"));
  EXPECT_EQ(errno, ECONNREFUSED);
}

// The sender waits, and nothing that was accepted is lost.
TEST(JournalOnAFullDisk, DatagramsWaitAndNoneIsLost) {
  TempDir files;
  SmallDisk disk(files, "size=120m");
  const std::string filler = files.file("journal") + "/filler";
  std::ofstream(filler) << std::string(118 << 20, 'x');
  Launch launch = listening(
      files, {"Restart=no", "SystemMaxUse=118M", "SystemMaxFileSize=100M", "SystemKeepFree=0"});
  Gatevisor supervisor(launch);
  files.wait_file("there");
  const int sender = start_client([&] { send_numbered(files, 20'000); });
  EXPECT_NE(supervisor.expect("warning").text("/subject").find("No space left on device"),
            std::string::npos);
  const int writer = writer_of(supervisor.pid());
  kill(writer, SIGKILL);
  EXPECT_TRUE(wait_gone(writer));
  unlink(filler.c_str());
  expect_done(sender);
  end(supervisor, files);
  EXPECT_TRUE(messages(files, "_UID=0 _TRANSPORT=journal") == numbered(20'000));
}

TEST(JournalOnAFullDisk, DatagramsAreDroppedAndCountedWhereThatIsAskedFor) {
  TempDir files;
  SmallDisk disk(files, "size=120m");
  const std::string filler = files.file("journal") + "/filler";
  std::ofstream(filler) << std::string(118 << 20, 'x');
  Gatevisor supervisor(
      listening(files, {"Restart=no", "SystemMaxUse=118M", "SystemMaxFileSize=100M",
                        "SystemKeepFree=0", "JournalFull=drop"}));
  files.wait_file("there");
  expect_done(
      start_client([&] { send_numbered(files, 100'000); }));  // it did not wait for the disk
  supervisor.expect("warning");
  unlink(filler.c_str());
  ASSERT_TRUE(Client(files.file("journal.socket")).send("MESSAGE=line 100001\n"));
  end(supervisor, files);
  std::size_t dropped = 0;
  for (const json& entry : entries(files.file("journal"), "GATEVISOR_EVENT=dropped")) {
    dropped += std::stoul(entry.value("GATEVISOR_DROPPED", "0"));
  }
  const std::string found = messages(files, "_UID=0 _TRANSPORT=journal");
  EXPECT_GT(dropped, 0u);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(found, '\n')) + dropped, 100'001u);
}

// PID 1 does not wake up for what comes to them.
TEST(JournalSocket, SupervisorDoesNotNoticeTheVolume) {
  TempDir files;
  Gatevisor supervisor(listening(files, {"Restart=no", "MemorySampleSec=0"}));
  supervisor.expect_started();
  files.wait_file("there");
  const Client native(files.file("journal.socket"));
  ASSERT_TRUE(native.send("MESSAGE=first\n"));
  wait_entries(files, "MESSAGE=first");
  const long before = status_number(supervisor.pid(), "voluntary_ctxt_switches:");
  for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(native.send("MESSAGE=more\n"));
  ASSERT_TRUE(native.send("MESSAGE=last\n"));
  wait_entries(files, "MESSAGE=last");
  EXPECT_LE(status_number(supervisor.pid(), "voluntary_ctxt_switches:") - before, 50);
  end(supervisor, files);
}

TEST(JournalSocket, OneThatIsLeftBehindIsReplaced_OneThatIsHeardIsRefused) {
  TempDir files;
  const std::string path = files.file("journal.socket");
  {
    Gatevisor first(listening(files));
    files.wait_file("there");
    Launch launch{.command = {"exit", "0"},
                  .options = {"--journal-dir=" + files.file("other"), "--journal-socket=" + path}};
    Gatevisor second(launch);
    EXPECT_EQ(second.expect_end(), 73);
    EXPECT_EQ(second.lines_with(path + ": Address already in use; somebody listens there"), 1u)
        << second.log();
    const int writer = writer_of(first.pid());
    first.signal(SIGKILL);
    first.expect_end();
    std::ofstream(files.file("go")) << "";
    EXPECT_TRUE(wait_gone(writer));
  }
  ASSERT_EQ(access(path.c_str(), F_OK), 0);
  unlink(files.file("go").c_str());
  unlink(files.file("there").c_str());
  Gatevisor third(listening(files));
  files.wait_file("there");
  EXPECT_TRUE(Client(path).send("MESSAGE=heard\n"));
  end(third, files);
  EXPECT_EQ(messages(files, "MESSAGE=heard"), "heard\n");
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST(JournalSocket, OnesThatCannotBeMadeAreRefusedBeforeAnythingStarts) {
  TempDir files;
  const auto refused = [&](std::vector<std::string> options, int status, const std::string& why) {
    Gatevisor supervisor(
        {.command = {"touch", files.file("started")}, .options = std::move(options)});
    EXPECT_EQ(supervisor.expect_end(), status);
    EXPECT_EQ(supervisor.lines_with(why), 1u) << supervisor.log();
  };
  const std::string directory = "--journal-dir=" + files.file("journal");
  refused({directory, "--journal-socket=socket"}, 73, "--journal-socket: bind socket: ");
  refused({directory, "--syslog-socket=/proc/none/log"}, 73, "--syslog-socket: mkdir /proc/none: ");
  refused({directory, "--journal-socket=/etc/passwd"}, 73,
          "/etc/passwd: File exists; it is no socket");
  refused({"--journal-socket=" + files.file("socket")}, 64, "--journal-socket; no journal is kept");
  EXPECT_NE(access(files.file("started").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace gatevisor::testing
