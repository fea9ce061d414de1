#include "load/wording.h"

#include <numeric>

namespace pais::bench {
namespace {

// About the golden section of `count`, and without a common divisor: a walk of such steps meets every number once.
std::size_t step_through(std::size_t count) {
  auto step = count * 618 / 1000 + 1;
  while (std::gcd(step, count) != 1) ++step;
  return step;
}

}  // namespace

Wording::Wording(const Target& target)
    : request_(target.request), number_at_(request_.find(kNumber)), vary_(target.vary) {
  if (vary_ > 0) step_ = step_through(vary_);
}

std::string_view Wording::next() {
  if (vary_ == 0 || number_at_ == std::string::npos) return request_;
  number_ = (number_ + step_) % vary_;
  auto rest = number_;
  for (auto at = number_at_ + kNumber.size(); at-- > number_at_; rest /= 10) {
    request_[at] = static_cast<char>('0' + rest % 10);
  }
  return request_;
}

}  // namespace pais::bench
