// SPDX-License-Identifier: Apache-2.0
// glibc allows a program to define malloc, free, calloc, realloc and the aligned ones, all of them
// together (GNU C Library manual, "Replacing malloc"); __libc_* are the functions behind.
#include <penstock/io/cli/allocation_count.hpp>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PENSTOCK_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define PENSTOCK_COUNTS_ALLOCATIONS 0
#endif
#endif
#if !defined(PENSTOCK_COUNTS_ALLOCATIONS) && defined(__GLIBC__)
#define PENSTOCK_COUNTS_ALLOCATIONS 1
#endif

#if defined(PENSTOCK_COUNTS_ALLOCATIONS) && PENSTOCK_COUNTS_ALLOCATIONS

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <new>

namespace {

// Written and read by any thread.
constinit std::atomic<std::uint64_t> allocations{0};
constinit thread_local std::uint64_t own_allocations = 0;

void count() noexcept {
  // relaxed: statistic.
  allocations.fetch_add(1, std::memory_order_relaxed);
  ++own_allocations;
}

bool is_power_of_two(std::size_t number) noexcept {
  return number != 0 && (number & (number - 1)) == 0;
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the names are glibc's.
extern "C" {

void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* memory);

void* malloc(std::size_t bytes) noexcept {
  count();
  return __libc_malloc(bytes);
}

void* calloc(std::size_t number, std::size_t bytes) noexcept {
  count();
  return __libc_calloc(number, bytes);
}

void* realloc(void* memory, std::size_t bytes) noexcept {
  count();
  return __libc_realloc(memory, bytes);
}

void free(void* memory) noexcept { __libc_free(memory); }

void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  count();
  return __libc_memalign(alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return memalign(alignment, bytes);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
  if (!is_power_of_two(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
  void* block = memalign(alignment, bytes);
  if (block == nullptr) return ENOMEM;
  *memory = block;
  return 0;
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

// A library (mimalloc) may have replaced these; they must end in the functions above.

void* operator new(std::size_t bytes) {
  if (void* memory = malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

void* operator new(std::size_t bytes, std::align_val_t alignment) {
  if (void* memory = memalign(static_cast<std::size_t>(alignment), bytes == 0 ? 1 : bytes))
    return memory;
  throw std::bad_alloc();
}

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return malloc(bytes == 0 ? 1 : bytes);
}

void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return memalign(static_cast<std::size_t>(alignment), bytes == 0 ? 1 : bytes);
}

void* operator new[](std::size_t bytes) { return operator new(bytes); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return operator new(bytes, alignment);
}
void* operator new[](std::size_t bytes, const std::nothrow_t& tag) noexcept {
  return operator new(bytes, tag);
}
void* operator new[](std::size_t bytes, std::align_val_t alignment,
                     const std::nothrow_t& tag) noexcept {
  return operator new(bytes, alignment, tag);
}

void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, std::size_t) noexcept { free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { free(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  free(memory);
}
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { free(memory); }
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  free(memory);
}

namespace penstock::cli {

std::uint64_t (*allocation_counter() noexcept)() {
  return [] {
    // relaxed: statistic.
    return allocations.load(std::memory_order_relaxed);
  };
}

std::uint64_t (*own_allocation_counter() noexcept)() {
  return [] { return own_allocations; };
}

}  // namespace penstock::cli

#else

namespace penstock::cli {

std::uint64_t (*allocation_counter() noexcept)() { return nullptr; }
std::uint64_t (*own_allocation_counter() noexcept)() { return nullptr; }

}  // namespace penstock::cli

#endif
