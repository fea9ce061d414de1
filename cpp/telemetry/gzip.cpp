#include "telemetry/gzip.h"

#include <new>
#include <zlib.h>

namespace pais::telemetry {

std::string gzipped(std::string_view bytes) {
  constexpr int kGzipWindow = 15 + 16;  // the largest window, in the frame of gzip
  constexpr int kMemory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);  // into a buffer of the size it asked for
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace pais::telemetry
