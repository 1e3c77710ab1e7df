// What `gatevisor log` says of the files themselves, and which old ones it removes.
#include <fcntl.h>

#include <algorithm>
#include <cstdio>

#include "app/exit_code.h"
#include "app/log_session.h"
#include "journal/verify.h"
#include "log/bytes.h"
#include "os/clock.h"
#include "os/data_file.h"
#include "os/file.h"

namespace gatevisor::app {
namespace {

std::uint64_t disk_usage(log::JournalSet& set, std::size_t i) {
  const auto state = static_cast<MappedStorage&>(set.storage(i)).file().state();
  return state ? state->disk_usage : 0;
}

std::string hex(const journal::Id128& id) {
  std::string text;
  log::append_hex(text, id);
  return text;
}

std::string hex(std::uint64_t number) {
  std::string text;
  log::append_hex(text, number);
  return text;
}

std::string flags_text(std::uint32_t flags,
                       std::initializer_list<std::pair<std::uint32_t, const char*>> names) {
  std::string text;
  for (const auto& [flag, name] : names) {
    if ((flags & flag) != 0) text += std::string(" ") + name;
    flags &= ~flag;
  }
  return text + (flags != 0 ? " ???" : "");
}

/// journald's reasons, but for its age: tables that are filled, chains that are long.
bool should_rotate(const journal::Header& header) {
  const auto filled = [](std::uint64_t items, std::uint64_t bytes) {
    return items * 4 > bytes / sizeof(journal::HashItem) * 3;
  };
  constexpr std::uint64_t kLongChain = 100;
  return header.header_size < journal::kHeaderSize252 ||
         filled(header.n_data, header.data_hash_table_size) ||
         filled(header.n_fields, header.field_hash_table_size) ||
         header.data_hash_chain_depth > kLongChain || header.field_hash_chain_depth > kLongChain;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  std::string text;
  const std::uint64_t tenths =
      whole == 0 ? 0
                 : static_cast<std::uint64_t>(
                       1000.0 * static_cast<double>(part) / static_cast<double>(whole) + 0.5);
  log::append_number(text, tenths / 10);
  text += '.';
  log::append_number(text, tenths % 10);
  return text + '%';
}

/// A rotated file: 'NAME@RUN-NUMBER-TIME.journal'; one that was set aside: '…~'.
struct Archived {
  std::string name;
  std::string run;
  std::uint64_t number = 0;
  std::uint64_t realtime_usec = 0;
  std::uint64_t bytes = 0;
};

std::optional<Archived> archived(const std::string& name) {
  if (!is_journal_name(name)) return std::nullopt;
  const bool aside = name.ends_with('~');
  const std::size_t at = name.rfind('@');
  if (at == name.npos) return std::nullopt;
  std::string_view rest = name;
  rest.remove_prefix(at + 1);
  rest.remove_suffix(aside ? 9 : 8);
  Archived file{.name = name, .run = {}, .number = 0, .realtime_usec = 0, .bytes = 0};
  if (rest.size() == 16 + 1 + 16 && aside) {  // journald's: time and a random number
    const auto time = log::from_hex(rest.substr(0, 16));
    if (!time) return std::nullopt;
    file.realtime_usec = *time;
    return file;
  }
  if (rest.size() != 32 + 1 + 16 + 1 + 16 || !log::parse_id(rest.substr(0, 32)))
    return std::nullopt;
  const auto number = log::from_hex(rest.substr(33, 16));
  const auto time = log::from_hex(rest.substr(50, 16));
  if (!number || !time) return std::nullopt;
  file.run = rest.substr(0, 32);
  file.number = *number;
  file.realtime_usec = *time;
  return file;
}

bool older(const Archived& a, const Archived& b) {
  if (!a.run.empty() && a.run == b.run) return a.number < b.number;
  return std::pair(a.realtime_usec, a.name) < std::pair(b.realtime_usec, b.name);
}

int vacuum_directory(const LogOptions& options, const std::string& directory, std::uint64_t now) {
  std::vector<Archived> files;
  std::uint64_t sum = 0;
  std::uint64_t active = 0;
  for (const std::string& name : os::names_at(AT_FDCWD, directory.c_str())) {
    if (!is_journal_name(name)) continue;
    const auto file = os::MappedFile::open(directory + "/" + name);
    if (!file) continue;
    const auto state = file->state();
    const std::uint64_t bytes = state ? state->disk_usage : 0;
    sum += bytes;
    if (auto old = archived(name)) {
      old->bytes = bytes;
      files.push_back(std::move(*old));
    } else {
      ++active;
    }
  }
  std::ranges::sort(files, older);
  auto opened = os::open_data_directory(directory);
  if (!opened) {
    log_complain(to_string(opened.error()));
    return kNoInput;
  }
  const std::uint64_t limit = now > options.vacuum_usec ? now - options.vacuum_usec : 0;
  std::uint64_t freed = 0;
  std::uint64_t left = active + files.size();
  for (const Archived& file : files) {
    const bool too_old = options.vacuum_usec != 0 && file.realtime_usec < limit;
    const bool too_much = options.vacuum_size != 0 && sum > options.vacuum_size;
    const bool too_many = options.vacuum_files != 0 && left > options.vacuum_files;
    if (!too_old && !too_much && !too_many) break;
    if (auto removed = os::remove_data_file(*opened, file.name); !removed) {
      log_complain(directory + "/" + to_string(removed.error()));
      return kCantCreate;
    }
    if (!options.quiet) {
      std::fprintf(stderr, "Deleted archived journal %s/%s (%s).\n", directory.c_str(),
                   file.name.c_str(), log::format_bytes(file.bytes).c_str());
    }
    freed += file.bytes;
    sum -= file.bytes;
    --left;
  }
  if (!options.quiet) {
    std::fprintf(stderr, "Vacuuming done, freed %s of archived journals from %s.\n",
                 log::format_bytes(freed).c_str(), directory.c_str());
  }
  return kOk;
}

}  // namespace

int show_disk_usage(LogSession& session) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < session.set.size(); ++i) sum += disk_usage(session.set, i);
  session.out.text() +=
      "Archived and active journals take up " + log::format_bytes(sum) + " in the file system.\n";
  return kOk;
}

int show_headers(LogSession& session) {
  std::string& out = session.out.text();
  for (std::size_t i = 0; i < session.set.size(); ++i) {
    const journal::Header& h = session.set.reader(i).header();
    const auto line = [&out](std::string_view name, const std::string& value) {
      out += std::string(name) + ": " + value + "\n";
    };
    const auto time = [&](std::uint64_t usec) {
      return log::format_timestamp(session.calendar, usec, false) + " (" + hex(usec) + ")";
    };
    constexpr const char* kStates[] = {"OFFLINE", "ONLINE", "ARCHIVED"};
    if (i > 0) out += '\n';
    line("File path", session.set.path(i));
    line("File ID", hex(h.file_id));
    line("Machine ID", hex(h.machine_id));
    line("Boot ID", hex(h.tail_entry_boot_id));
    line("Sequential number ID", hex(h.seqnum_id));
    line("State", kStates[h.state]);
    out += "Compatible flags:" +
           flags_text(h.compatible_flags,
                      {{journal::kCompatibleSealed, "SEALED"},
                       {journal::kCompatibleTailEntryBootId, "TAIL_ENTRY_BOOT_ID"}}) +
           "\n";
    out += "Incompatible flags:" +
           flags_text(h.incompatible_flags, {{journal::kIncompatibleXz, "COMPRESSED-XZ"},
                                             {journal::kIncompatibleLz4, "COMPRESSED-LZ4"},
                                             {journal::kIncompatibleZstd, "COMPRESSED-ZSTD"},
                                             {journal::kIncompatibleKeyedHash, "KEYED-HASH"},
                                             {journal::kIncompatibleCompact, "COMPACT"}}) +
           "\n";
    line("Header size", std::to_string(h.header_size));
    line("Arena size", std::to_string(h.arena_size));
    line("Data hash table size",
         std::to_string(h.data_hash_table_size / sizeof(journal::HashItem)));
    line("Field hash table size",
         std::to_string(h.field_hash_table_size / sizeof(journal::HashItem)));
    line("Rotate suggested", should_rotate(h) ? "yes" : "no");
    line("Head sequential number",
         std::to_string(h.head_entry_seqnum) + " (" + hex(h.head_entry_seqnum) + ")");
    line("Tail sequential number",
         std::to_string(h.tail_entry_seqnum) + " (" + hex(h.tail_entry_seqnum) + ")");
    line("Head realtime timestamp", time(h.head_entry_realtime));
    line("Tail realtime timestamp", time(h.tail_entry_realtime));
    line("Tail monotonic timestamp",
         log::format_span(h.tail_entry_monotonic) + " (" + hex(h.tail_entry_monotonic) + ")");
    line("Objects", std::to_string(h.n_objects));
    line("Entry objects", std::to_string(h.n_entries));
    line("Data objects", std::to_string(h.n_data));
    line("Data hash table fill",
         percent(h.n_data, h.data_hash_table_size / sizeof(journal::HashItem)));
    line("Field objects", std::to_string(h.n_fields));
    line("Field hash table fill",
         percent(h.n_fields, h.field_hash_table_size / sizeof(journal::HashItem)));
    line("Tag objects", std::to_string(h.n_tags));
    line("Entry array objects", std::to_string(h.n_entry_arrays));
    line("Deepest field hash chain", std::to_string(h.field_hash_chain_depth));
    line("Deepest data hash chain", std::to_string(h.data_hash_chain_depth));
    line("Disk usage", log::format_bytes(disk_usage(session.set, i)));
    if (!session.out.flush_if_much()) break;
  }
  return kOk;
}

int verify_files(LogSession& session) {
  int status = kOk;
  for (std::size_t i = 0; i < session.set.size(); ++i) {
    const std::string& path = session.set.path(i);
    if (auto good = journal::verify(session.set.storage(i)); good) {
      session.out.text() += "PASS: " + path + "\n";
    } else {
      session.out.text() += "FAIL: " + path + " (" + to_string(good.error()) + ")\n";
      status = kIncomplete;
    }
    if (!session.out.flush()) break;
  }
  return status;
}

int vacuum(LogSession& session, const std::vector<std::string>& directories) {
  if (directories.empty()) {
    log_complain(
        "--vacuum-size, --vacuum-time and --vacuum-files work on directories: give -D DIR");
    return kUsage;
  }
  const std::uint64_t now = os::journal_times().realtime_usec;
  for (const std::string& directory : directories) {
    if (const int status = vacuum_directory(session.options, directory, now); status != kOk) {
      return status;
    }
  }
  return kOk;
}

}  // namespace gatevisor::app
