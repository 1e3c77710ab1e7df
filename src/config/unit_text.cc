#include "config/unit_text.h"

#include <algorithm>
#include <optional>

#include "config/text.h"

namespace gatevisor::config {
namespace {

/// UTF8_BYTE_ORDER_MARK
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
/// More of them help nobody.
constexpr std::size_t kMaxRemarks = 64;

std::size_t leading_blanks(std::string_view text) {
  return std::min(text.find_first_not_of(kWhitespace), text.size());
}

/// An odd number of backslashes at the end: the last one is not itself escaped.
bool is_continued(std::string_view line) {
  const std::size_t last = line.find_last_not_of('\\');
  const std::size_t count = last == std::string_view::npos ? line.size() : line.size() - last - 1;
  return count % 2 == 1;
}

/// systemd's string_is_safe(): no control characters, quotes or backslashes.
bool is_safe(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"' || c == '\'' || c == '\\';
  });
}

class Reader {
 public:
  Reader(std::string_view text, std::string_view path) : text_(text), path_(path) {}

  std::expected<UnitText, UnitError> read() {
    if (text_.size() > kMaxUnitText) return error(1, 1, "expected a file of at most 16 MiB");
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
    while (!text_.empty()) {
      if (auto done = take_line(next_line()); !done) return std::unexpected(done.error());
    }
    if (continued_) {
      remark(line_, "a backslash ends the file; there is no line that it could continue with");
      if (auto done = finish(); !done) return std::unexpected(done.error());
    }
    return std::move(unit_);
  }

 private:
  using Done = std::expected<void, UnitError>;

  Location location(unsigned line, unsigned column) const {
    return {std::string(path_), line, column};
  }

  std::unexpected<UnitError> error(unsigned line, unsigned column, std::string message) const {
    return std::unexpected(UnitError{location(line, column), std::move(message)});
  }

  std::unexpected<UnitError> error(const ValuePiece& at, std::string message) const {
    return error(at.line, at.column, std::move(message));
  }

  void remark(unsigned line, std::string message) {
    if (unit_.remarks.size() == kMaxRemarks) return;
    unit_.remarks.push_back(to_string(UnitError{location(line, 1), std::move(message)}));
  }

  /// The next line of the file without its end. systemd's read_line(): CR and LF each at most once.
  std::string_view next_line() {
    ++line_;
    const std::size_t length = std::min(text_.find_first_of("\r\n"), text_.size());
    const std::string_view line = text_.substr(0, length);
    std::size_t end = std::min(length + 1, text_.size());
    if (end < text_.size() && text_[end] == (text_[length] == '\n' ? '\r' : '\n')) ++end;
    text_.remove_prefix(end);
    return line;
  }

  Done take_line(std::string_view line) {
    if (const std::size_t nul = line.find('\0'); nul != std::string_view::npos) {
      return error(line_, static_cast<unsigned>(nul + 1), "expected text, there is a NUL byte");
    }
    const std::size_t blanks = leading_blanks(line);
    // systemd.syntax(7): skipped between continued lines as well.
    if (blanks < line.size() && (line[blanks] == '#' || line[blanks] == ';')) return {};
    const auto column = static_cast<unsigned>(std::min(blanks, kMaxValue) + 1);
    if (line.size() > kMaxValue - joined_.size()) {
      return error(line_, column, "expected a line of at most 1 MiB, continued lines included");
    }
    if (!is_utf8(line)) return error(line_, column, "expected UTF-8");

    const bool continued = is_continued(line);
    if (!continued && is_continued(line.substr(0, line.find_last_not_of(kWhitespace) + 1))) {
      remark(line_, "the backslash does not continue the line, there is white space behind it");
    }
    if (continued) line.remove_suffix(1);
    if (blanks < line.size()) {
      pieces_.push_back({static_cast<std::uint32_t>(joined_.size() + blanks), line_, column});
    }
    joined_ += line;
    continued_ = continued;
    if (!continued) return finish();
    joined_ += ' ';
    return {};
  }

  /// What `joined_` and `pieces_` hold is one line of systemd.syntax(7).
  Done finish() {
    const Done done = pieces_.empty() ? Done{} : take_joined();
    joined_.clear();
    pieces_.clear();
    continued_ = false;
    return done;
  }

  Done take_joined() {
    const std::string_view line = trim(joined_);
    const ValuePiece& start = pieces_.front();
    if (line[0] == '[') return take_header(line);
    const std::size_t equals = joined_.find('=');
    if (equals == std::string::npos) {
      if (line.starts_with(".include")) {
        return error(start, "expected NAME=VALUE; systemd has no .include any more, use a drop-in");
      }
      return error(start, "expected NAME=VALUE, " + quoted(line) + " has no '='");
    }
    const std::string_view name = trim(std::string_view(joined_).substr(0, equals));
    if (name.empty()) return error(start, "expected a name before '='");
    if (name.size() > kMaxUnitWord) return error(start, "expected a name of at most 255 bytes");
    if (!section_) {
      return error(start, "expected a section, such as [Service], before " + quoted(name));
    }
    if (unit_.assignments.size() == kMaxAssignments) {
      return error(start, "expected at most " + std::to_string(kMaxAssignments) + " assignments");
    }
    const std::string_view value = trim(std::string_view(joined_).substr(equals + 1));
    unit_.assignments.push_back({*section_, std::string(name), std::string(value),
                                 location(start.line, start.column),
                                 value_pieces(equals + 1, value)});
    return {};
  }

  /// What of `pieces_` is in `value`, which stands in `joined_` behind `from`.
  std::vector<ValuePiece> value_pieces(std::size_t from, std::string_view value) const {
    const std::size_t begin =
        value.empty() ? from : static_cast<std::size_t>(value.data() - joined_.data());
    const auto behind = std::ranges::upper_bound(pieces_, begin, {}, &ValuePiece::offset);
    // The first piece starts no later than the name.
    ValuePiece first = *(behind - 1);
    first.column += static_cast<unsigned>(begin - first.offset);
    first.offset = 0;
    std::vector<ValuePiece> pieces{first};
    for (auto piece = behind; piece != pieces_.end() && !value.empty(); ++piece) {
      pieces.push_back(
          {piece->offset - static_cast<std::uint32_t>(begin), piece->line, piece->column});
    }
    return pieces;
  }

  Done take_header(std::string_view line) {
    const ValuePiece& start = pieces_.front();
    if (line.size() < 2 || !line.ends_with(']')) {
      return error(start, "expected [Section] with nothing behind it, not " + quoted(line));
    }
    const std::string_view name = line.substr(1, line.size() - 2);
    if (name.empty() || name.size() > kMaxUnitWord || !is_safe(name)) {
      return error(start,
                   "expected a section's name of 1 to 255 bytes, without control characters, "
                   "quotes or backslashes");
    }
    section_ = name;
    return {};
  }

  std::string_view text_;
  std::string_view path_;
  unsigned line_ = 0;
  std::optional<std::string> section_;
  std::string joined_;
  std::vector<ValuePiece> pieces_;
  bool continued_ = false;
  UnitText unit_;
};

}  // namespace

std::string to_string(const Location& location) {
  return printable(location.file) + ":" + std::to_string(location.line) + ":" +
         std::to_string(location.column);
}

std::string to_string(const UnitError& error) { return to_string(error.at) + ": " + error.message; }

Location Assignment::locate(std::size_t offset) const {
  auto piece = std::ranges::upper_bound(pieces, offset, {}, &ValuePiece::offset);
  if (piece == pieces.begin()) return at;
  --piece;
  return {at.file, piece->line, piece->column + static_cast<unsigned>(offset - piece->offset)};
}

std::expected<UnitText, UnitError> parse_unit_text(std::string_view text, std::string_view path) {
  return Reader(text, path).read();
}

}  // namespace gatevisor::config
