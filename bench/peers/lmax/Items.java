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

  /**
   * Its words are fields, so that no reference is followed to them. Only one of its kinds is loaded
   * in a process, so that its calls are inlined.
   */
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

  /** 64 bytes; those of 512 are SixtyFourWords. */
  static final class EightWords extends Event {
    private long w0, w1, w2, w3, w4, w5, w6, w7;

    @Override
    void set(long value) {
      w0 = value;
      w1 = value + WORD_STEP;
      w2 = value + 2 * WORD_STEP;
      w3 = value + 3 * WORD_STEP;
      w4 = value + 4 * WORD_STEP;
      w5 = value + 5 * WORD_STEP;
      w6 = value + 6 * WORD_STEP;
      w7 = value + 7 * WORD_STEP;
    }

    @Override
    long first() {
      return w0;
    }

    @Override
    long total() {
      return w0 + w1 + w2 + w3 + w4 + w5 + w6 + w7;
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
