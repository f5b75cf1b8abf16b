// SPDX-License-Identifier: Apache-2.0
// The explorer against the classic shapes: which outcomes must be found, and which never. Names and
// verdicts after Alglave, Maranget, Tautschnig, "Herding Cats", TOPLAS 2014, and Batty et al.,
// "Mathematizing C++ Concurrency", POPL 2011.
#include <gtest/gtest.h>

#include "explorer/in_lambdas.hpp"

namespace penstock::model {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto acq_rel = std::memory_order_acq_rel;
constexpr auto seq_cst = std::memory_order_seq_cst;

using Found = std::set<std::string>;

struct State {
  ModelAtomics::Atomic<unsigned> x{0};
  ModelAtomics::Atomic<unsigned> y{0};
  ModelAtomics::Atomic<unsigned> z{0};
  ModelAtomics::Atomic<std::uint32_t> word{0};
  int data = 0;
  unsigned r[6] = {};
};
using Body = std::function<void(State&)>;

std::string registers(const State& state, unsigned count) {
  std::string text;
  for (unsigned i = 0; i < count; ++i) text += std::to_string(state.r[i]);
  return text;
}
template <unsigned count>
std::string first(State& state) {
  return registers(state, count);
}

Found message_passing(std::memory_order store, std::memory_order load) {
  return outcomes<State>({[=](State& s) {
                            s.x.store(1, relaxed);
                            s.y.store(1, store);
                          },
                          [=](State& s) {
                            s.r[0] = s.y.load(load);
                            s.r[1] = s.x.load(relaxed);
                          }},
                         first<2>);
}

TEST(Litmus, message_passing_needs_release_and_acquire) {
  EXPECT_EQ(message_passing(release, acquire), (Found{"00", "01", "11"}));
  EXPECT_EQ(message_passing(relaxed, acquire), (Found{"00", "01", "10", "11"}));
  EXPECT_EQ(message_passing(release, relaxed), (Found{"00", "01", "10", "11"}));
  EXPECT_EQ(message_passing(seq_cst, seq_cst), (Found{"00", "01", "11"}));
}

Found store_buffering(std::memory_order store, std::memory_order load) {
  return outcomes<State>({[=](State& s) {
                            s.x.store(1, store);
                            s.r[0] = s.y.load(load);
                          },
                          [=](State& s) {
                            s.y.store(1, store);
                            s.r[1] = s.x.load(load);
                          }},
                         first<2>);
}

TEST(Litmus, store_buffering_is_forbidden_by_seq_cst_alone) {
  EXPECT_EQ(store_buffering(release, acquire), (Found{"00", "01", "10", "11"}));
  EXPECT_EQ(store_buffering(relaxed, relaxed), (Found{"00", "01", "10", "11"}));
  EXPECT_EQ(store_buffering(seq_cst, seq_cst), (Found{"01", "10", "11"}));
}

TEST(Litmus, store_buffering_through_read_modify_writes_of_one_word_is_forbidden) {
  const Found found = outcomes<State>({[](State& s) {
                                         s.x.store(1, relaxed);
                                         s.z.fetch_add(1, acq_rel);
                                         s.r[0] = s.y.load(relaxed);
                                       },
                                       [](State& s) {
                                         s.y.store(1, relaxed);
                                         s.z.fetch_add(1, acq_rel);
                                         s.r[1] = s.x.load(relaxed);
                                       }},
                                      first<2>);
  EXPECT_EQ(found, (Found{"01", "10", "11"}));
}

TEST(Litmus, load_buffering_is_beyond_the_model) {
  const Found found = outcomes<State>({[](State& s) {
                                         s.r[0] = s.x.load(relaxed);
                                         s.y.store(1, relaxed);
                                       },
                                       [](State& s) {
                                         s.r[1] = s.y.load(relaxed);
                                         s.x.store(1, relaxed);
                                       }},
                                      first<2>);
  // C++ allows 11 as well: memory.hpp, 4.
  EXPECT_EQ(found, (Found{"00", "01", "10"}));
}

Found independent_reads(std::memory_order store, std::memory_order load) {
  return outcomes<State>(
      {[=](State& s) { s.x.store(1, store); }, [=](State& s) { s.y.store(1, store); },
       [=](State& s) {
         s.r[0] = s.x.load(load);
         s.r[1] = s.y.load(load);
       },
       [=](State& s) {
         s.r[2] = s.y.load(load);
         s.r[3] = s.x.load(load);
       }},
      first<4>);
}

TEST(Litmus, independent_reads_of_independent_writes_disagree_unless_seq_cst) {
  const Found weak = independent_reads(release, acquire);
  EXPECT_EQ(weak.size(), 16U);
  EXPECT_TRUE(weak.contains("1010"));
  const Found strong = independent_reads(seq_cst, seq_cst);
  EXPECT_EQ(strong.size(), 15U);
  EXPECT_FALSE(strong.contains("1010"));
}

TEST(Litmus, coherence_of_reads_in_one_thread) {
  const Found found = outcomes<State>({[](State& s) {
                                         s.x.store(1, relaxed);
                                         s.x.store(2, relaxed);
                                       },
                                       [](State& s) {
                                         s.r[0] = s.x.load(relaxed);
                                         s.r[1] = s.x.load(relaxed);
                                       }},
                                      first<2>);
  EXPECT_EQ(found, (Found{"00", "01", "02", "11", "12", "22"}));
}

TEST(Litmus, coherence_of_a_read_with_ones_own_write) {
  const Found found = outcomes<State>({[](State& s) { s.x.store(1, relaxed); },
                                       [](State& s) {
                                         s.r[0] = s.x.load(relaxed);
                                         s.r[1] = s.x.fetch_add(2, relaxed);
                                         s.r[2] = s.x.load(relaxed);
                                       }},
                                      first<3>, {.unordered_stores = true});
  // Never 10.: a read-modify-write does not see less than the thread has seen.
  EXPECT_EQ(found, (Found{"002", "001", "013", "113"}));
}

TEST(Litmus, coherence_of_reads_across_a_hand_over) {
  const Found found = outcomes<State>({[](State& s) { s.x.store(1, relaxed); },
                                       [](State& s) {
                                         s.r[0] = s.x.load(relaxed);
                                         s.y.store(1, release);
                                       },
                                       [](State& s) {
                                         s.r[1] = s.y.load(acquire);
                                         s.r[2] = s.x.load(relaxed);
                                       }},
                                      first<3>);
  EXPECT_FALSE(found.contains("110"));
  EXPECT_EQ(found.size(), 7U);
}

TEST(Litmus, write_to_read_causality_is_transitive) {
  const Found found = outcomes<State>({[](State& s) { s.x.store(1, release); },
                                       [](State& s) {
                                         s.r[0] = s.x.load(acquire);
                                         s.y.store(1, release);
                                       },
                                       [](State& s) {
                                         s.r[1] = s.y.load(acquire);
                                         s.r[2] = s.x.load(relaxed);
                                       }},
                                      first<3>);
  EXPECT_FALSE(found.contains("110"));
  EXPECT_EQ(found.size(), 7U);
}

Found release_sequence(bool by_read_modify_write) {
  return outcomes<State>({[](State& s) {
                            s.x.store(1, relaxed);
                            s.y.store(1, release);
                          },
                          [=](State& s) {
                            if (by_read_modify_write) {
                              unsigned one = 1;
                              s.y.compare_exchange_strong(one, 2, relaxed, relaxed);
                            } else if (s.y.load(relaxed) == 1) {
                              s.y.store(2, relaxed);
                            }
                          },
                          [](State& s) {
                            s.r[0] = s.y.load(acquire);
                            s.r[1] = s.x.load(relaxed);
                          }},
                         first<2>);
}

TEST(Litmus, read_modify_writes_continue_a_release_sequence_and_stores_end_it) {
  EXPECT_EQ(release_sequence(true), (Found{"00", "01", "11", "21"}));
  EXPECT_EQ(release_sequence(false), (Found{"00", "01", "11", "20", "21"}));
}

TEST(Litmus, store_of_the_releasing_thread_ends_its_release_sequence) {
  const Found found = outcomes<State>({[](State& s) {
                                         s.x.store(1, relaxed);
                                         s.y.store(1, release);
                                         s.y.store(2, relaxed);
                                       },
                                       [](State& s) {
                                         s.r[0] = s.y.load(acquire);
                                         s.r[1] = s.x.load(relaxed);
                                       }},
                                      first<2>);
  EXPECT_TRUE(found.contains("20"));  // C++20, unlike C++11
  EXPECT_FALSE(found.contains("10"));
}

/// T1 writes plain data behind its release: who acquires that release must not read the data.
Found write_behind(const std::function<void(State&)>& release_of_x) {
  return outcomes<State>({[=](State& s) {
                            release_of_x(s);
                            ModelAtomics::plain_write(&s.data, sizeof s.data);
                            s.data = 1;
                          },
                          [](State& s) {
                            if (s.x.load(acquire) == 0) return;
                            ModelAtomics::plain_read(&s.data, sizeof s.data);
                          }},
                         first<0>);
}

TEST(Litmus, plain_access_behind_a_release_was_not_handed_over) {
  const Body releases[] = {
      [](State& s) { s.x.store(1, release); },
      [](State& s) { s.x.store(1, seq_cst); },
      [](State& s) { s.x.fetch_add(1, release); },
      [](State& s) { s.x.exchange(1, acq_rel); },
      [](State& s) { s.x.fetch_or(1, seq_cst); },
      [](State& s) {
        unsigned zero = 0;
        s.x.compare_exchange_strong(zero, 1, release, relaxed);
      },
  };
  for (const Body& one : releases) {
    const Found found = write_behind(one);
    ASSERT_FALSE(found.empty());
    EXPECT_TRUE(found.rbegin()->starts_with("data race: T1 writes")) << *found.rbegin();
  }
}

TEST(Litmus, plain_read_behind_a_release_was_not_handed_over) {
  const Found found = outcomes<State>({[](State& s) {
                                         s.x.store(1, release);
                                         ModelAtomics::plain_read(&s.data, sizeof s.data);
                                       },
                                       [](State& s) {
                                         if (s.x.load(acquire) == 0) return;
                                         ModelAtomics::plain_write(&s.data, sizeof s.data);
                                       }},
                                      first<0>);
  EXPECT_TRUE(found.rbegin()->starts_with("data race: T1 reads")) << *found.rbegin();
}

TEST(Litmus, what_a_second_release_hands_over_is_in_order) {
  const Found found = outcomes<State>({[](State& s) {
                                         s.x.store(1, release);
                                         ModelAtomics::plain_write(&s.data, sizeof s.data);
                                         s.x.store(2, release);
                                       },
                                       [](State& s) {
                                         if (s.x.load(acquire) != 2) return;
                                         ModelAtomics::plain_read(&s.data, sizeof s.data);
                                       }},
                                      first<0>);
  EXPECT_EQ(found, (Found{""}));
}

/// A futex hands nothing over: to be woken, or to be told that the word differs, orders no memory.
TEST(Litmus, wake_up_orders_no_memory) {
  for (const bool acquires : {false, true}) {
    const Found found = outcomes<State>({[](State& s) {
                                           ModelAtomics::plain_write(&s.data, sizeof s.data);
                                           s.word.fetch_add(1, release);
                                           ModelAtomics::wake_all(s.word);
                                         },
                                         [=](State& s) {
                                           ModelAtomics::wait(s.word, 0, 0);
                                           if (acquires && s.word.load(acquire) == 0) return;
                                           ModelAtomics::plain_read(&s.data, sizeof s.data);
                                         }},
                                        first<0>);
    EXPECT_EQ(found.size(), 1U);
    EXPECT_EQ(found.rbegin()->starts_with("data race"), !acquires) << *found.rbegin();
  }
}

TEST(Litmus, read_modify_writes_lose_no_update) {
  const Body add = [](State& s) { s.x.fetch_add(1, relaxed); };
  const Found found =
      outcomes<State>({add, add, add}, [](State& s) { return std::to_string(s.x.load(relaxed)); });
  EXPECT_EQ(found, (Found{"3"}));
}

TEST(Litmus, failed_compare_exchange_may_see_an_old_value) {
  const Found found = outcomes<State>({[](State& s) {
                                         s.x.store(1, relaxed);
                                         s.x.store(2, relaxed);
                                       },
                                       [](State& s) {
                                         s.r[0] = 7;
                                         s.x.compare_exchange_strong(s.r[0], 9, relaxed, relaxed);
                                       }},
                                      first<1>);
  EXPECT_EQ(found, (Found{"0", "1", "2"}));
}

TEST(Litmus, orders_of_two_stores_that_are_not_tried_are_told) {
  const Body one = [](State& s) {
    s.x.store(1, relaxed);
    s.y.store(2, relaxed);
  };
  const Body two = [](State& s) {
    s.y.store(1, relaxed);
    s.x.store(2, relaxed);
  };
  const auto both = [](State& s) {
    return std::to_string(s.x.load(relaxed)) + std::to_string(s.y.load(relaxed));
  };
  EXPECT_TRUE(outcomes<State>({one, two}, both)
                  .contains("two stores to one atomic without order: only one of their orders was "
                            "tried"));
  // 2+2W: C++ allows 11 as well, see memory.hpp, 3.
  EXPECT_EQ(outcomes<State>({one, two}, both, {.unordered_stores = true}),
            (Found{"12", "21", "22"}));
}

TEST(Litmus, order_of_a_compare_exchange_that_bounds_hide_is_told) {
  const Body stores = [](State& s) {
    s.x.store(5, relaxed);
    s.x.store(0, relaxed);
    s.y.store(1, relaxed);
  };
  // Behind y by value, not by order: the first 0 of x could be the one it finds.
  const auto takes = [](std::memory_order failure) {
    return [failure](State& s) {
      if (s.y.load(relaxed) == 0) return;
      unsigned free = 0;
      s.r[0] = s.x.compare_exchange_strong(free, 7, std::memory_order_seq_cst, failure) ? 1 : 0;
    };
  };
  for (const unsigned stale_max : {0U, 2U})
    for (const std::memory_order failure : {relaxed, std::memory_order_seq_cst})
      EXPECT_TRUE(outcomes<State>({stores, takes(failure)}, first<1>, {.stale_max = stale_max})
                      .contains("two stores to one atomic without order: only one of their orders "
                                "was tried"));
}

TEST(Litmus, history_reaches_back_over_eight_stores) {
  const Found found = outcomes<State>({[](State& s) {
                                         for (unsigned i = 1; i <= 9; ++i) s.x.store(i, relaxed);
                                         s.y.store(1, relaxed);
                                       },
                                       [](State& s) {
                                         s.r[0] = s.y.load(relaxed);
                                         s.r[1] = s.x.load(relaxed);
                                       }},
                                      first<2>);
  for (unsigned i = 0; i <= 9; ++i) EXPECT_TRUE(found.contains("1" + std::to_string(i))) << i;
}

}  // namespace
}  // namespace penstock::model
