#include "journal/decompress.h"

#include <lz4.h>
#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>

namespace gatevisor::journal {
namespace {

constexpr std::size_t kFirst = 16 << 10;
/// A decoder's dictionary. journald's are of 8 MiB at most (xz -0 to zstd's default level).
constexpr std::uint64_t kDecoderMemory = 64 << 20;
constexpr int kZstdWindowLog = 26;

std::unexpected<Error> broken() { return fail("decompress", "journal field", EBADMSG); }
std::unexpected<Error> too_long() { return fail("decompress", "journal field", E2BIG); }

/// More room behind what is there; false at the limit.
bool grow(std::string& plain, std::size_t limit) {
  if (plain.size() >= limit) {
    return false;
  }
  plain.resize(std::min(limit, std::max(kFirst, plain.size() * 2)));
  return true;
}

Expected<void> from_zstd(std::string_view bytes, std::string& plain, std::size_t limit) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  if (!context ||
      ZSTD_isError(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLog))) {
    return fail("decompress", "journal field", ENOMEM);
  }
  ZSTD_inBuffer in{.src = bytes.data(), .size = bytes.size(), .pos = 0};
  std::size_t done = 0;
  for (;;) {
    if (done == plain.size() && !grow(plain, limit)) {
      return too_long();
    }
    ZSTD_outBuffer out{.dst = plain.data(), .size = plain.size(), .pos = done};
    const std::size_t left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left) != 0) {
      return broken();
    }
    const bool stuck = out.pos == done && in.pos == in.size;
    done = out.pos;
    if (left == 0) {
      break;
    }
    if (stuck) {
      return broken();  // cut off
    }
  }
  plain.resize(done);
  return {};
}

// journald writes the plain size, 64 bits, and one LZ4 block.
Expected<void> from_lz4(std::string_view bytes, std::string& plain, std::size_t limit) {
  std::uint64_t size = 0;
  constexpr auto kMost = static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (bytes.size() <= sizeof size || bytes.size() > kMost) {
    return broken();
  }
  std::memcpy(&size, bytes.data(), sizeof size);
  bytes.remove_prefix(sizeof size);
  // A block never expands more than 255 times.
  if (size > bytes.size() * 255 || size > kMost) {
    return broken();
  }
  if (size > limit) {
    return too_long();
  }
  plain.resize(size);
  const int got = LZ4_decompress_safe(bytes.data(), plain.data(), static_cast<int>(bytes.size()),
                                      static_cast<int>(size));
  return got >= 0 && static_cast<std::uint64_t>(got) == size ? Expected<void>() : broken();
}

Expected<void> from_xz(std::string_view bytes, std::string& plain, std::size_t limit) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, kDecoderMemory, 0) != LZMA_OK) {
    return fail("decompress", "journal field", ENOMEM);
  }
  const std::unique_ptr<lzma_stream, decltype(&lzma_end)> end(&stream, &lzma_end);
  stream.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
  stream.avail_in = bytes.size();
  std::size_t done = 0;
  for (;;) {
    if (done == plain.size() && !grow(plain, limit)) {
      return too_long();
    }
    stream.next_out = reinterpret_cast<std::uint8_t*>(plain.data()) + done;
    stream.avail_out = plain.size() - done;
    const lzma_ret result = lzma_code(&stream, LZMA_FINISH);
    done = plain.size() - stream.avail_out;
    if (result == LZMA_STREAM_END) {
      break;
    }
    if (result != LZMA_OK && !(result == LZMA_BUF_ERROR && stream.avail_out == 0)) {
      return broken();
    }
  }
  plain.resize(done);
  return {};
}

}  // namespace

Expected<void> decompress(Compression compression, std::string_view bytes, std::string& plain,
                          std::size_t limit) {
  plain.clear();
  switch (compression) {
    case Compression::kNone: break;
    case Compression::kXz: return from_xz(bytes, plain, limit);
    case Compression::kLz4: return from_lz4(bytes, plain, limit);
    case Compression::kZstd: return from_zstd(bytes, plain, limit);
  }
  if (bytes.size() > limit) {
    return too_long();
  }
  plain = bytes;
  return {};
}

}  // namespace gatevisor::journal
