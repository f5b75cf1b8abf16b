// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/special.hpp>

#include <bit>

#include <penstock/pipeline/decode/bytes.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace penstock::decoding {
namespace {

#if defined(__x86_64__)

std::uint32_t first(unsigned mask) noexcept {
  return static_cast<std::uint32_t>(std::countr_zero(mask));
}

/// The sign bit of each special byte.
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i marks_at(const char* from) noexcept {
  const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  // A byte of 0x7F to 0xFE plus one has its sign bit set.
  return _mm256_or_si256(_mm256_cmpeq_epi8(block, _mm256_set1_epi8('\\')),
                         _mm256_add_epi8(block, _mm256_set1_epi8(1)));
}

[[gnu::target("avx2"), gnu::always_inline]] inline unsigned mask_at(const char* from) noexcept {
  return static_cast<unsigned>(_mm256_movemask_epi8(marks_at(from)));
}

[[gnu::target("avx2")]] std::uint32_t find_special_avx2(const char* bytes, std::uint32_t from,
                                                        std::uint32_t end) noexcept {
  if (end < 32) return find_special(bytes, from, end);
  for (; end - from >= 64; from += 64) {
    const __m256i any = _mm256_or_si256(marks_at(bytes + from), marks_at(bytes + from + 32));
    if (_mm256_movemask_epi8(any) != 0) break;
  }
  for (; end - from >= 32; from += 32)
    if (const unsigned mask = mask_at(bytes + from); mask != 0) return from + first(mask);
  if (from == end) return end;
  // The last 32 bytes, of which some have been looked at; those are shifted out.
  const unsigned mask = mask_at(bytes + end - 32) >> (32 - (end - from));
  return mask == 0 ? end : from + first(mask);
}

#endif

}  // namespace

FindSpecial fastest_find_special() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) return find_special_avx2;
#endif
  return find_special;
}

}  // namespace penstock::decoding
