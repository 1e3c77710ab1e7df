#include "config/words.h"

#include <algorithm>
#include <optional>

namespace gatevisor::config {
namespace {

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

/// `count` digits of base `base` from the start of `text`, which moves behind them.
std::optional<std::uint32_t> take_number(std::string_view& text, std::size_t count, int base) {
  if (text.size() < count) return std::nullopt;
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const int digit = digit_value(text[i]);
    if (digit >= base) return std::nullopt;
    number = number * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
  }
  text.remove_prefix(count);
  return number;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  const auto tail = [&](unsigned shift) { byte(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xc0 | code >> 6);
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    tail(6);
  } else {
    byte(0xf0 | code >> 18);
    tail(12);
    tail(6);
  }
  tail(0);
}

/// What follows a backslash; `text` moves behind it. False for what is no escape.
bool take_escape(std::string_view& text, std::string& out, bool nul = false) {
  if (text.empty()) return false;
  const char kind = text[0];
  if (kind >= '0' && kind <= '7') {
    const auto code = take_number(text, 3, 8);
    if (!code || (*code == 0 && !nul) || *code > 255) return false;
    out += static_cast<char>(*code);
    return true;
  }
  text.remove_prefix(1);
  switch (kind) {
    case 'a': out += '\a'; return true;
    case 'b': out += '\b'; return true;
    case 'f': out += '\f'; return true;
    case 'n': out += '\n'; return true;
    case 'r': out += '\r'; return true;
    case 't': out += '\t'; return true;
    case 'v': out += '\v'; return true;
    case 's': out += ' '; return true;
    case '\\':
    case '"':
    case '\'': out += kind; return true;
    case 'x': {
      const auto code = take_number(text, 2, 16);
      if (!code || (*code == 0 && !nul)) return false;
      out += static_cast<char>(*code);
      return true;
    }
    case 'u':
    case 'U': {
      const auto code = take_number(text, kind == 'u' ? 4 : 8, 16);
      const bool surrogate = code && *code >= 0xd800 && *code <= 0xdfff;
      if (!code || *code == 0 || *code > 0x10ffff || surrogate) return false;
      append_utf8(out, *code);
      return true;
    }
    default: return false;
  }
}

/// The first word of `text`, which starts with it; `text` moves behind it.
Parsed<std::string> take_word(std::string_view& text, UnknownEscape unknown) {
  std::string word;
  char quote = 0;
  while (!text.empty()) {
    const char c = text[0];
    if (quote == 0 && kWhitespace.find(c) != std::string_view::npos) return word;
    text.remove_prefix(1);
    if (c == '\\') {
      const std::string_view before = text;
      const std::string_view rest = text.substr(0, 1);
      if (take_escape(text, word)) continue;
      if (unknown == UnknownEscape::Kept) {
        text = before;
        word += c;
        if (!rest.empty()) {
          word += rest;
          text.remove_prefix(1);
        }
      } else {
        return refuse("there is no escape \\" + printable(rest) + "; write \\\\ for a backslash");
      }
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else {
      word += c;
    }
  }
  if (quote != 0)
    return refuse("a quote is open at the end; close it, or write \\" + std::string(1, quote));
  return word;
}

}  // namespace

Parsed<std::vector<std::string>> split_words(std::string_view text, UnknownEscape unknown) {
  std::vector<std::string> words;
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(kWhitespace), text.size()));
    if (text.empty()) return words;
    if (words.size() == kMaxEntries) {
      return refuse("expected at most " + std::to_string(kMaxEntries) + " words");
    }
    auto word = take_word(text, unknown);
    if (!word) return refuse(std::move(word.error()));
    words.push_back(std::move(*word));
  }
}

Parsed<std::string> unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char c = text[0];
    text.remove_prefix(1);
    if (c != '\\') {
      out += c;
    } else if (!take_escape(text, out, true)) {
      return refuse("expected an escape such as \\n or \\x41 behind a backslash");
    }
  }
  return out;
}

}  // namespace gatevisor::config
