// SPDX-License-Identifier: Apache-2.0
// What goes through the Disruptor, as item.hpp and start_line.hpp have it.
package lmax;

import com.lmax.disruptor.BatchEventProcessor;
import com.lmax.disruptor.EventHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

final class Items {
  static final Path SCHEDSTAT = Path.of("/proc/thread-self/schedstat");
  static final long WORD_STEP = 0x9E3779B97F4A7C15L;

  private Items() {}

  /** Only one of its kinds is loaded in a process, so that its calls are inlined. */
  abstract static class Event {
    abstract void set(long value);

    abstract long first();

    abstract long total();
  }

  static final class OneWord extends Event {
    private long word;

    @Override
    void set(long value) {
      word = value;
    }

    @Override
    long first() {
      return word;
    }

    @Override
    long total() {
      return word;
    }
  }

  static final class Words extends Event {
    private final long[] words;

    Words(int count) {
      words = new long[count];
    }

    @Override
    void set(long value) {
      for (int i = 0; i < words.length; ++i) words[i] = value + i * WORD_STEP;
    }

    @Override
    long first() {
      return words[0];
    }

    @Override
    long total() {
      long total = 0;
      for (int i = 0; i < words.length; ++i) total += words[i];
      return total;
    }
  }

  static final class Checksum {
    long sum;
    long count;

    void add(long total) {
      sum += total * (2 * count++ + 1);
    }

    void clear() {
      sum = 0;
      count = 0;
    }
  }

  /** Where both threads meet once, and the clock starts. */
  static final class StartLine {
    private final AtomicInteger arrived = new AtomicInteger();
    private final AtomicLong waitedNs = new AtomicLong();

    /** How long the calling thread was ready to run and did not, so far (proc(5), schedstat). */
    private static long waitedSoFarNs() {
      try {
        return Long.parseLong(Files.readString(SCHEDSTAT).split(" ")[1]);
      } catch (IOException e) {
        return 0; // the kernel does not tell
      }
    }

    void runAndLeave(Runnable work) {
      work.run();
      waitedNs.addAndGet(waitedSoFarNs());
    }

    /** Of both threads, from the line until they left. */
    long waitedNs() {
      return waitedNs.get();
    }

    void meet() {
      waitedNs.addAndGet(-waitedSoFarNs());
      final int wanted = (arrived.getAndIncrement() / 2 + 1) * 2;
      while (arrived.get() - wanted < 0) Thread.onSpinWait();
    }
  }

  /** Reads items until as many have come as were wanted, twice: the warm-up, then what counts. */
  static final class Sink implements EventHandler<Event> {
    final Checksum sum = new Checksum();
    final StartLine line;
    final long warmUp;
    final long count;
    BatchEventProcessor<Event> processor;
    boolean warm;
    long endNs;

    Sink(StartLine line, long warmUp, long count) {
      this.line = line;
      this.warmUp = warmUp;
      this.count = count;
    }

    @Override
    public void onEvent(Event event, long sequence, boolean endOfBatch) {
      sum.add(event.total());
      if (sum.count == (warm ? count : warmUp)) turn();
    }

    private void turn() {
      if (warm) {
        endNs = System.nanoTime();
        processor.halt();
        return;
      }
      warm = true;
      sum.clear();
      line.meet();
    }
  }
}
