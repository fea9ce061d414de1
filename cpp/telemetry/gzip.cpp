#include "telemetry/gzip.h"

#include <new>
#include <zlib.h>

namespace pais::telemetry {

std::string gzipped(std::span<const Bytes> pieces) {
  constexpr int kGzipWindow = 15 + 16;  // the largest window, in the frame of gzip
  constexpr int kMemory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  uLong size = 0;
  for (const Bytes& piece : pieces) size += static_cast<uLong>(piece.size());
  std::string out(deflateBound(&stream, size), '\0');  // into which all of it goes
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  for (const Bytes& piece : pieces) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.view().data()));
    stream.avail_in = static_cast<uInt>(piece.size());
    deflate(&stream, Z_NO_FLUSH);
  }
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace pais::telemetry
