// systemd.exec(5): RuntimeDirectory= and its like.

#include <algorithm>
#include <array>
#include <iterator>

#include "config/mode.h"
#include "config/setters.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

/// A relative path as systemd simplifies it: no empty and no '.' component.
Parsed<std::string> parse_relative_path(std::string_view text) {
  constexpr const char* kForm = "expected a path without '/' at its start and without '..'";
  if (text.empty() || text.starts_with('/') || text.size() > kMaxPath || !is_utf8(text)) {
    return refuse(kForm);
  }
  std::string path;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('/'), text.size());
    const std::string_view component = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (component.empty() || component == ".") continue;
    // NAME_MAX of limits.h.
    if (component == ".." || component.size() > 255) return refuse(kForm);
    if (!path.empty()) path += '/';
    path += component;
  }
  if (path.empty() || std::ranges::any_of(path, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      })) {
    return refuse(kForm);
  }
  // Where systemd keeps the directories of DynamicUser=.
  if (path == "private" || path.starts_with("private/")) {
    return refuse("expected a path that is not below 'private'");
  }
  return path;
}

/// 'NAME' or 'NAME:LINK'; '\:' is a colon.
struct Pair {
  std::string name;
  std::string link;
  bool has_link = false;
};

Parsed<Pair> split_pair(std::string_view word) {
  Pair pair;
  for (std::size_t i = 0; i < word.size(); ++i) {
    std::string& part = pair.has_link ? pair.link : pair.name;
    if (word[i] == '\\' && i + 1 < word.size() && word[i + 1] == ':') {
      part += word[++i];
    } else if (word[i] != ':') {
      part += word[i];
    } else if (pair.has_link) {
      return refuse("expected NAME or NAME:LINK");
    } else {
      pair.has_link = true;
    }
  }
  return pair;
}

Parsed<void> add(std::vector<ServiceDirectory>& all, std::string_view word, bool links) {
  auto pair = split_pair(word);
  if (!pair) return refuse(std::move(pair.error()));
  auto name = parse_relative_path(pair->name);
  if (!name) return refuse(std::move(name.error()));
  auto found = std::ranges::find(all, *name, &ServiceDirectory::name);
  if (found == all.end()) found = all.insert(all.end(), {std::move(*name), {}});
  if (!pair->has_link) return {};
  if (!links) return refuse("expected no link behind its name");
  auto link = parse_relative_path(pair->link);
  if (!link) return refuse(std::move(link.error()));
  if (std::ranges::find(found->links, *link) == found->links.end()) {
    found->links.push_back(std::move(*link));
  }
  return {};
}

Parsed<void> store_directories(ServiceSettings& settings, DirectoryKind kind,
                               std::string_view value) {
  std::vector<ServiceDirectory>& field = settings.exec.directories.of(kind).all;
  const auto words = split_words(value, UnknownEscape::Kept);
  if (!words) return refuse(words.error());
  std::vector<ServiceDirectory> all;
  if (!words->empty()) all = field;
  for (const std::string& word : *words) {
    if (auto added = add(all, word, kind != DirectoryKind::Configuration); !added) {
      return refuse(quoted(word) + ": " + added.error());
    }
  }
  if (all.size() > kMaxEntries) {
    return refuse("expected at most " + std::to_string(kMaxEntries) + " directories");
  }
  field = std::move(all);
  return {};
}

Parsed<void> store_mode(ServiceSettings& settings, DirectoryKind kind, std::string_view value) {
  if (value.empty()) value = "0755";
  return store(settings.exec.directories.of(kind).mode, parse_mode(value));
}

}  // namespace

Parsed<unsigned> parse_mode(std::string_view text) {
  const bool octal = !text.empty() && text.size() <= 5 &&
                     std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
  unsigned mode = 0;
  for (const char c : text) mode = octal ? mode * 8 + static_cast<unsigned>(c - '0') : 0;
  if (!octal || mode > 07777) return refuse("expected an octal mode such as 0750");
  return mode;
}

Parsed<void> set_runtime_directory(ServiceSettings& settings, std::string_view value) {
  return store_directories(settings, DirectoryKind::Runtime, value);
}

Parsed<void> set_state_directory(ServiceSettings& settings, std::string_view value) {
  return store_directories(settings, DirectoryKind::State, value);
}

Parsed<void> set_cache_directory(ServiceSettings& settings, std::string_view value) {
  return store_directories(settings, DirectoryKind::Cache, value);
}

Parsed<void> set_logs_directory(ServiceSettings& settings, std::string_view value) {
  return store_directories(settings, DirectoryKind::Logs, value);
}

Parsed<void> set_configuration_directory(ServiceSettings& settings, std::string_view value) {
  return store_directories(settings, DirectoryKind::Configuration, value);
}

Parsed<void> set_runtime_directory_mode(ServiceSettings& settings, std::string_view value) {
  return store_mode(settings, DirectoryKind::Runtime, value);
}

Parsed<void> set_state_directory_mode(ServiceSettings& settings, std::string_view value) {
  return store_mode(settings, DirectoryKind::State, value);
}

Parsed<void> set_cache_directory_mode(ServiceSettings& settings, std::string_view value) {
  return store_mode(settings, DirectoryKind::Cache, value);
}

Parsed<void> set_logs_directory_mode(ServiceSettings& settings, std::string_view value) {
  return store_mode(settings, DirectoryKind::Logs, value);
}

Parsed<void> set_configuration_directory_mode(ServiceSettings& settings, std::string_view value) {
  return store_mode(settings, DirectoryKind::Configuration, value);
}

Parsed<void> set_runtime_directory_preserve(ServiceSettings& settings, std::string_view value) {
  RuntimePreserve& field = settings.exec.directories.preserve;
  if (value == "restart") {
    field = RuntimePreserve::Restart;
    return {};
  }
  const auto yes = parse_boolean(value);
  if (!yes) return refuse("expected no, yes or restart");
  field = *yes ? RuntimePreserve::Yes : RuntimePreserve::No;
  return {};
}

}  // namespace gatevisor::config
