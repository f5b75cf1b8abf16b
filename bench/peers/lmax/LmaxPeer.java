// SPDX-License-Identifier: Apache-2.0
// The LMAX Disruptor, driven as harness.hpp drives the other queues: same items, same checksums,
// same warm-up, and the clock starts when both threads have met. Its threads live as long as the
// process, so that the parent can pin them by their names once.
//   lmax.LmaxPeer ITEM_BYTES     says "ready", then for each line of standard input
//     pass SLOTS BATCH COUNT | pass_paced SLOTS BATCH COUNT | contend SLOTS BATCH COUNT |
//     bounce SLOTS 1 COUNT
//   prints "NANOSECONDS CHECKSUM WAITED_NANOSECONDS" of all items, until standard input ends.
package lmax;

import com.lmax.disruptor.BatchEventProcessor;
import com.lmax.disruptor.BusySpinWaitStrategy;
import com.lmax.disruptor.EventFactory;
import com.lmax.disruptor.EventPoller;
import com.lmax.disruptor.InsufficientCapacityException;
import com.lmax.disruptor.RingBuffer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.concurrent.SynchronousQueue;
import lmax.Items.Checksum;
import lmax.Items.EightWords;
import lmax.Items.Event;
import lmax.Items.OneWord;
import lmax.Items.Sink;
import lmax.Items.StartLine;

public final class LmaxPeer {
  static final int PRODUCER_SHIFT = 56;
  static final int OWN_BETWEEN_POLLS = 64;

  final EventFactory<Event> factory;
  final SynchronousQueue<Runnable> sourceWork = new SynchronousQueue<>();
  final SynchronousQueue<Runnable> consumerWork = new SynchronousQueue<>();
  final SynchronousQueue<Boolean> done = new SynchronousQueue<>();
  RingBuffer<Event> single;
  RingBuffer<Event> multi;
  RingBuffer<Event> back;

  LmaxPeer(int itemBytes) {
    factory = factoryOf(itemBytes);
    work("lmax-source", sourceWork);
    work("lmax-consumer", consumerWork);
  }

  private static EventFactory<Event> factoryOf(int itemBytes) {
    switch (itemBytes) {
      case 8:
        return OneWord::new;
      case 64:
        return EightWords::new;
      case 512:
        return SixtyFourWords::new;
      default:
        throw new IllegalArgumentException("no items of " + itemBytes + " bytes");
    }
  }

  private void work(String name, SynchronousQueue<Runnable> queue) {
    final Thread thread =
        new Thread(
            () -> {
              try {
                for (; ; ) {
                  queue.take().run();
                  done.put(true);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  private void onBoth(Runnable consumer, Runnable source) throws InterruptedException {
    sourceWork.put(source);
    consumerWork.put(consumer);
    done.take();
    done.take();
  }

  private void runBoth(StartLine line, Runnable consume, Runnable produce)
      throws InterruptedException {
    onBoth(() -> line.runAndLeave(consume), () -> line.runAndLeave(produce));
  }

  private RingBuffer<Event> ringOf(RingBuffer<Event> ring, int slots, boolean contended) {
    if (ring != null && ring.getBufferSize() == slots) return ring;
    return contended
        ? RingBuffer.createMultiProducer(factory, slots, new BusySpinWaitStrategy())
        : RingBuffer.createSingleProducer(factory, slots, new BusySpinWaitStrategy());
  }

  private static final Runnable SPIN = Thread::onSpinWait;

  /** next() parks for a while when the ring is full; like the other queues, this one spins. */
  private static long claim(RingBuffer<Event> ring, int count, Runnable whenFull) {
    for (; ; ) {
      try {
        return ring.tryNext(count);
      } catch (InsufficientCapacityException e) { // made beforehand, costs no stack trace
        whenFull.run();
      }
    }
  }

  private static void push(
      RingBuffer<Event> ring, long first, long count, int batch, Runnable whenFull) {
    for (long i = 0; i < count; ) {
      final int taken = (int) Math.min(batch, count - i);
      final long last = claim(ring, taken, whenFull);
      if (taken == 1) {
        ring.get(last).set(first + i++);
        ring.publish(last);
        continue;
      }
      for (long sequence = last - taken + 1; sequence <= last; ++sequence)
        ring.get(sequence).set(first + i++);
      ring.publish(last - taken + 1, last);
    }
  }

  private static long warmUpOf(int slots) {
    return 2L * Math.max(slots, 1024);
  }

  String pass(int slots, int batch, long count, boolean paced) throws InterruptedException {
    final RingBuffer<Event> ring = single = ringOf(single, slots, false);
    final long warmUp = warmUpOf(slots);
    final StartLine line = new StartLine();
    final Sink sink = new Sink(line, warmUp, count);
    sink.processor =
        new BatchEventProcessor<>(ring, new PaceBarrier(ring.newBarrier(), paced), sink);
    ring.addGatingSequences(sink.processor.getSequence());
    final long[] beginNs = {0};
    runBoth(
        line,
        sink.processor,
        () -> {
          push(ring, 0, warmUp, batch, SPIN);
          line.meet();
          beginNs[0] = System.nanoTime();
          push(ring, 0, count, batch, SPIN);
        });
    ring.removeGatingSequence(sink.processor.getSequence());
    return (sink.endNs - beginNs[0]) + " " + sink.sum.sum + " " + line.waitedNs();
  }

  /** The thread of the first producer takes items out as well: see harness.hpp. */
  final class Both implements Runnable {
    final RingBuffer<Event> ring;
    final EventPoller<Event> poller;
    final StartLine line;
    final int batch;
    final long warmUp;
    final long each;
    final Runnable makeRoom = this::poll;
    final EventPoller.Handler<Event> handler = (event, sequence, endOfBatch) -> take(event);
    final Checksum[] sums = {new Checksum(), new Checksum()};
    long budget;
    long beginNs;
    long endNs;

    Both(RingBuffer<Event> ring, StartLine line, int batch, long warmUp, long each) {
      this.ring = ring;
      this.poller = ring.newPoller();
      this.line = line;
      this.batch = batch;
      this.warmUp = warmUp;
      this.each = each;
      ring.addGatingSequences(poller.getSequence());
    }

    boolean take(Event event) {
      sums[(int) (event.first() >>> PRODUCER_SHIFT) & 1].add(event.total());
      return --budget > 0;
    }

    void poll() {
      budget = 2 * OWN_BETWEEN_POLLS;
      try {
        while (budget > 0) {
          if (poller.poll(handler) != EventPoller.PollState.PROCESSING) return;
        }
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    void both(long own) {
      sums[0].clear();
      sums[1].clear();
      for (long done = 0; done < own; done += OWN_BETWEEN_POLLS) {
        final long share = Math.min(OWN_BETWEEN_POLLS, own - done);
        push(ring, done, share, batch, makeRoom);
        poll();
      }
      while (sums[0].count + sums[1].count < 2 * own) {
        poll();
        if (budget == 2 * OWN_BETWEEN_POLLS) Thread.onSpinWait();
      }
    }

    @Override
    public void run() {
      both(warmUp);
      line.meet();
      beginNs = System.nanoTime();
      both(each);
      endNs = System.nanoTime();
    }
  }

  String contend(int slots, int batch, long count) throws InterruptedException {
    final RingBuffer<Event> ring = multi = ringOf(multi, slots, true);
    final long warmUp = warmUpOf(slots) / 2;
    final long each = count / 2;
    final StartLine line = new StartLine();
    final Both both = new Both(ring, line, batch, warmUp, each);
    runBoth(
        line,
        both,
        () -> {
          push(ring, 1L << PRODUCER_SHIFT, warmUp, batch, SPIN);
          line.meet();
          push(ring, 1L << PRODUCER_SHIFT, each, batch, SPIN);
        });
    ring.removeGatingSequence(both.poller.getSequence());
    final long sum = 3 * both.sums[0].sum + both.sums[1].sum;
    return (both.endNs - both.beginNs) + " " + sum + " " + line.waitedNs();
  }

  String bounce(int slots, long count) throws InterruptedException {
    final RingBuffer<Event> there = single = ringOf(single, slots, false);
    final RingBuffer<Event> home = back = ringOf(back, slots, false);
    final EventPoller<Event> arrivals = there.newPoller();
    final EventPoller<Event> answers = home.newPoller();
    there.addGatingSequences(arrivals.getSequence());
    home.addGatingSequences(answers.getSequence());
    final long warmUp = warmUpOf(slots);
    final StartLine line = new StartLine();
    final Checksum sum = new Checksum();
    final long[] timesNs = {0, 0};
    final EventPoller.Handler<Event> add =
        (event, sequence, endOfBatch) -> {
          sum.add(event.total());
          return false;
        };
    final EventPoller.Handler<Event> answer =
        (event, sequence, endOfBatch) -> {
          push(home, event.first(), 1, 1, SPIN);
          return false;
        };
    runBoth(
        line,
        () -> {
          call(there, answers, add, warmUp);
          sum.clear();
          line.meet();
          timesNs[0] = System.nanoTime();
          call(there, answers, add, count);
          timesNs[1] = System.nanoTime();
        },
        () -> {
          for (long i = 0; i < warmUp; ++i) one(arrivals, answer);
          line.meet();
          for (long i = 0; i < count; ++i) one(arrivals, answer);
        });
    there.removeGatingSequence(arrivals.getSequence());
    home.removeGatingSequence(answers.getSequence());
    return (timesNs[1] - timesNs[0]) + " " + sum.sum + " " + line.waitedNs();
  }

  private static void call(
      RingBuffer<Event> there,
      EventPoller<Event> answers,
      EventPoller.Handler<Event> add,
      long count) {
    for (long i = 0; i < count; ++i) {
      push(there, i, 1, 1, SPIN);
      one(answers, add);
    }
  }

  private static void one(EventPoller<Event> poller, EventPoller.Handler<Event> handler) {
    try {
      while (poller.poll(handler) != EventPoller.PollState.PROCESSING) {}
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private String answer(String[] words) throws InterruptedException {
    final int slots = Integer.parseInt(words[1]);
    final int batch = Integer.parseInt(words[2]);
    final long count = Long.parseLong(words[3]);
    switch (words[0]) {
      case "pass":
        return pass(slots, batch, count, false);
      case "pass_paced":
        return pass(slots, batch, count, true);
      case "contend":
        return contend(slots, batch, count);
      case "bounce":
        return bounce(slots, count);
      default:
        throw new IllegalArgumentException("no such work: " + words[0]);
    }
  }

  public static void main(String[] arguments) throws Exception {
    final LmaxPeer peer = new LmaxPeer(Integer.parseInt(arguments[0]));
    final BufferedReader requests = new BufferedReader(new InputStreamReader(System.in));
    peer.onBoth(() -> {}, () -> {}); // a thread bears its name once it has run something
    System.out.println("ready");
    for (String line = requests.readLine(); line != null; line = requests.readLine())
      System.out.println(peer.answer(line.trim().split(" ")));
  }
}
