// journalctl (package systemd) reads the files, and finds no fault with them.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "journal_testing.h"
#include "support/temp_dir.h"

namespace gatevisor::journal {
namespace {

class JournalctlTest : public testing::Test {
 protected:
  std::string save(const MemoryStorage& storage, std::span<const std::byte> bytes) const {
    EXPECT_EQ(storage.size(), bytes.size());
    const auto path = directory_ / "file.journal";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return path.string();
  }

  struct Result {
    std::string output;
    int status = -1;
  };
  static Result run(const std::string& command) {
    Result result;
    std::FILE* pipe = popen(("LC_ALL=C TZ=UTC " + command).c_str(), "r");
    if (pipe == nullptr) {
      return result;
    }
    std::array<char, 65536> buffer;
    for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) != 0;) {
      result.output.append(buffer.data(), n);
    }
    result.status = pclose(pipe);
    return result;
  }

  /// `journalctl --verify` and the whole of `-o export`, against what our reader says.
  void check(MemoryStorage& storage, const std::string& matches = {}) const;

  TempDir place_;
  std::filesystem::path directory_ = place_.path();
};

struct Exported {
  std::map<std::string, std::string> address;  // __CURSOR and so on
  std::vector<std::string> payloads;           // in journalctl's order
};

/// 'JOURNAL_EXPORT_FORMATS': NAME=text, or NAME, a le64 length and as many bytes.
std::vector<Exported> parse_export(std::string_view text) {
  std::vector<Exported> entries;
  bool inside = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) {
      inside = false;
      continue;
    }
    if (!inside) {
      entries.emplace_back();
      inside = true;
    }
    std::string payload(line);
    if (!line.contains('=')) {
      if (text.size() < 8) {
        ADD_FAILURE() << "export without a length: " << payload;
        return entries;
      }
      const auto length =
          load<std::uint64_t>(reinterpret_cast<const std::byte*>(text.substr(0, 8).data()));
      payload += '=';
      payload += text.substr(8, length);
      text.remove_prefix(std::min(8 + length + 1, text.size()));
    }
    const std::size_t equals = payload.find('=');
    const std::string name = payload.substr(0, equals);
    if (name.starts_with("__") || name == "_BOOT_ID") {
      entries.back().address[name] = payload.substr(equals + 1);
    } else {
      entries.back().payloads.push_back(payload);
    }
  }
  return entries;
}

void JournalctlTest::check(MemoryStorage& storage, const std::string& matches) const {
  const std::string file = "journalctl --file=" + save(storage, storage.bytes());
  const Result verified = run(file + " --verify 2>&1");
  EXPECT_EQ(verified.status, 0) << verified.output;
  EXPECT_TRUE(verified.output.contains("PASS")) << verified.output;

  const Result exported = run(file + " -o export " + matches);
  ASSERT_EQ(exported.status, 0);
  const auto entries = parse_export(exported.output);
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader);
  for (std::string_view left = matches; !left.empty();) {
    const std::string_view match = left.substr(0, left.find(' '));
    left.remove_prefix(std::min(match.size() + 1, left.size()));
    ASSERT_TRUE(reader->add_match(match));
  }
  for (const Exported& wanted : entries) {
    ASSERT_EQ(reader->next(), true);
    const auto entry = reader->entry();
    ASSERT_TRUE(entry);
    EXPECT_EQ(reader->cursor(*entry), wanted.address.at("__CURSOR"));
    EXPECT_EQ(std::to_string(entry->realtime_usec), wanted.address.at("__REALTIME_TIMESTAMP"));
    EXPECT_EQ(std::to_string(entry->monotonic_usec), wanted.address.at("__MONOTONIC_TIMESTAMP"));
    std::vector<std::string> payloads;
    for (const ReadField& field : entry->fields) {
      payloads.push_back(field.payload);
    }
    ASSERT_EQ(payloads, wanted.payloads);
  }
  EXPECT_EQ(reader->next(), false);
  if (matches.empty()) {
    EXPECT_EQ(entries.size(), reader->entries());
  }
}

std::vector<std::byte> load_file(const std::string& path) {
  std::vector<std::byte> bytes(std::filesystem::file_size(path));
  std::ifstream(path, std::ios::binary)
      .read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

/// Where the last object ends.
std::uint64_t end_of(const MemoryStorage& storage) {
  const std::byte* bytes = storage.bytes().data();
  const auto tail = load<std::uint64_t>(bytes + offsetof(Header, tail_object_offset));
  return align8(tail + load<std::uint64_t>(bytes + tail + offsetof(ObjectHeader, size)));
}

std::vector<TestEntry> random_entries(unsigned seed, std::uint64_t count) {
  std::mt19937 random(seed);
  std::vector<TestEntry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    entries.push_back(random_entry(random, i));
  }
  return entries;
}

std::vector<TestEntry> plain_entries(std::uint64_t count) {
  std::vector<TestEntry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    entries.push_back(plain_entry(i));
  }
  return entries;
}

TEST_F(JournalctlTest, IsInstalled) {
  const Result version = run("journalctl --version");
  EXPECT_EQ(version.status, 0) << "apt-get install systemd";
  EXPECT_TRUE(version.output.contains("systemd")) << version.output;
}

TEST_F(JournalctlTest, ReadsFromNoneToAFewEntries) {
  for (const std::uint64_t count : {0u, 1u, 2u, 5u, 6u, 30u}) {
    MemoryStorage storage;
    write_all(storage, plain_entries(count));
    check(storage);
  }
}

TEST_F(JournalctlTest, ReadsRandomEntries) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    MemoryStorage storage;
    write_all(storage, random_entries(seed, 1000), {});
    check(storage);
  }
}

TEST_F(JournalctlTest, ReadsBinaryEmptyAndManyFields) {
  std::vector<TestEntry> entries = plain_entries(3);
  entries[0].payloads = {"BINARY=" + std::string("\0\n\xff=\0", 5),
                         "EMPTY=", "EMPTY=", "E2=", "LINES=a\nb\n"};
  entries[1].payloads.clear();
  for (int i = 0; i < 300; ++i) {
    entries[1].payloads.push_back("FIELD_" + std::to_string(i) + "=" + std::to_string(i % 7));
  }
  entries[2].payloads.push_back("LONG=" + std::string(3'000'000, 'z'));
  MemoryStorage storage;
  write_all(storage, entries);
  check(storage);
  auto reader = Reader::open(storage);
  for (const TestEntry& entry : entries) {
    ASSERT_EQ(reader->next(), true);
    expect_entry(*reader, entry);
  }
}

TEST_F(JournalctlTest, FindsTheSameEntriesForMatches) {
  MemoryStorage storage;
  write_all(storage, plain_entries(2000));
  check(storage, "PRIORITY=3");
  check(storage, "PRIORITY=3 PRIORITY=5 _PID=104");
  check(storage, "_HOSTNAME=box _PID=112");
  check(storage, "_PID=none");
}

TEST_F(JournalctlTest, ReadsAHundredThousandEntries) {
  MemoryStorage storage;
  Limits limits;
  limits.buffer = 64 << 10;
  write_all(storage, plain_entries(100'000), limits);
  check(storage);
}

TEST_F(JournalctlTest, ReadsAFileThatIsBeingWritten) {
  MemoryStorage storage;
  auto writer = Writer::create(storage, test_ids(), 1, small_file());
  ASSERT_TRUE(writer);
  for (const TestEntry& entry : random_entries(9, 120)) {
    ASSERT_TRUE(append(*writer, entry));
  }
  check(storage);
}

// Before 254, `--verify` refuses a flag that it does not know. Without the flag it is the same
// file.
TEST_F(JournalctlTest, ReadsTheNewerHeader) {
  MemoryStorage storage;
  Limits limits = small_file();
  limits.header = HeaderForm::k254;
  write_all(storage, plain_entries(200), limits);
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->header().header_size, kHeaderSize254);
  EXPECT_EQ(reader->entries(), 200u);
  const std::string file = save(storage, storage.bytes());
  EXPECT_EQ(parse_export(run("journalctl -o export --file=" + file).output).size(), 200u);
  storage.bytes()[8] = std::byte{0};
  check(storage);
}

// systemd-journal-remote (package of that name) writes the same entries, in all forms there are.
TEST_F(JournalctlTest, ReadsWhatSystemdWritesAndAgreesOnCursors) {
  std::vector<TestEntry> entries = random_entries(21, 800);
  std::string boot = "_BOOT_ID=";
  for (const std::byte byte : test_ids().boot_id) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    boot += kDigits[std::to_integer<std::size_t>(byte) / 16];
    boot += kDigits[std::to_integer<std::size_t>(byte) % 16];
  }
  for (TestEntry& entry : entries) {  // a field given twice would be exported once
    entry.payloads = sorted_unique(entry.payloads);
    entry.payloads.push_back(boot);
  }
  MemoryStorage ours;
  write_all(ours, entries, {});
  const std::string exported = (directory_ / "export").string();
  const std::string file = save(ours, ours.bytes());
  ASSERT_EQ(run("journalctl -o export --file=" + file + " >" + exported).status, 0);
  for (const char* form : {"COMPACT=1 SYSTEMD_JOURNAL_KEYED_HASH=1", "COMPACT=0", "COMPACT=1",
                           "COMPACT=0 SYSTEMD_JOURNAL_KEYED_HASH=0"}) {
    const std::string theirs = (directory_ / "remote.journal").string();
    std::filesystem::remove(theirs);
    const Result written = run("SYSTEMD_JOURNAL_" + std::string(form) +
                               " /lib/systemd/systemd-journal-remote --compress=no -o " + theirs +
                               " - 2>&1 <" + exported);
    ASSERT_EQ(written.status, 0) << written.output << "apt-get install systemd-journal-remote";
    MemoryStorage storage(load_file(theirs));
    auto mine = Reader::open(ours);
    auto reader = Reader::open(storage);
    ASSERT_TRUE(reader && mine) << form;
    EXPECT_EQ(reader->compact(), form[8] == '1');
    ASSERT_EQ(reader->entries(), entries.size());
    for (const TestEntry& entry : entries) {
      ASSERT_TRUE(reader->next() == true && mine->next() == true);
      expect_entry(*reader, entry);
      EXPECT_EQ(reader->meta()->xor_hash, mine->meta()->xor_hash);
      EXPECT_EQ(reader->meta()->seqnum, mine->meta()->seqnum);
    }
    ASSERT_TRUE(reader->add_match("PRIORITY=3") && mine->add_match("PRIORITY=3"));
    while (mine->previous().value_or(false)) {
      ASSERT_EQ(reader->previous(), true);
      EXPECT_EQ(reader->meta()->seqnum, mine->meta()->seqnum);
    }
    EXPECT_EQ(reader->previous(), false);
    if (form[8] == '1') {  // the same objects, so the same size
      EXPECT_EQ(reader->header().n_objects, mine->header().n_objects);
      EXPECT_EQ(end_of(storage), end_of(ours));
    }
  }
}

TEST_F(JournalctlTest, MarksFieldsThatSystemdCompressed) {
  auto entries = plain_entries(3);
  entries[1].payloads.push_back("LONG=" + std::string(10'000, 'x'));
  MemoryStorage ours;
  write_all(ours, entries);
  const std::string theirs = (directory_ / "remote.journal").string();
  const Result written = run("journalctl -o export --file=" + save(ours, ours.bytes()) +
                             " | /lib/systemd/systemd-journal-remote -o " + theirs + " - 2>&1");
  ASSERT_EQ(written.status, 0) << written.output;
  MemoryStorage storage(load_file(theirs));
  auto reader = Reader::open(storage);
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->add_match(entries[1].payloads.back()));
  ASSERT_EQ(reader->next(), true);
  const auto entry = reader->entry();
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->seqnum, 2u);
  EXPECT_EQ(std::ranges::count(entry->fields, Compression::kZstd, &ReadField::compression), 1);
  EXPECT_EQ(reader->next(), false);
}

// A writer that stopped between two of its writes, or inside one.
TEST_F(JournalctlTest, ReadsWholeEntriesOfATornFile) {
  const auto entries = plain_entries(14);
  for (std::uint64_t missing = 0; missing < 2000; missing += 97) {
    MemoryStorage storage;
    auto writer = Writer::create(storage, test_ids(), 1, small_file());
    ASSERT_TRUE(writer);
    for (std::size_t i = 0; i + 1 < entries.size(); ++i) {
      ASSERT_TRUE(append(*writer, entries[i]));
    }
    storage.fail_after = storage.written + missing;
    if (append(*writer, entries.back())) {
      EXPECT_GT(missing, 500u);
      break;
    }
    const std::string file = save(storage, storage.bytes());
    const Result result = run("journalctl -o export --file=" + file);
    EXPECT_EQ(result.status, 0);
    const auto read = parse_export(result.output);
    ASSERT_TRUE(read.size() == 13 || read.size() == 14) << read.size() << " at " << missing;
    EXPECT_EQ(read[12].address.at("__MONOTONIC_TIMESTAMP"),
              std::to_string(entries[12].times.monotonic_usec));
  }
}

}  // namespace
}  // namespace gatevisor::journal
