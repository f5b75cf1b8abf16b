// SPDX-License-Identifier: Apache-2.0
// What a reader waits at: the Disruptor's own barrier, with Pace (runtime/wait/pace.hpp) before it
// or without. The processor comes once for each run of items that it found, so that the items since
// the last time are those of one poll. One class for both, so that its call is inlined.
package lmax;

import com.lmax.disruptor.AlertException;
import com.lmax.disruptor.SequenceBarrier;
import com.lmax.disruptor.TimeoutException;

final class PaceBarrier implements SequenceBarrier {
  private static final int PAUSES_MAX = 63;
  private static final long FEW = 512;

  private final SequenceBarrier barrier;
  private final boolean paced;
  private long next;
  private int pauses;

  PaceBarrier(SequenceBarrier barrier, boolean paced) {
    this.barrier = barrier;
    this.paced = paced;
    this.next = barrier.getCursor() + 1;
  }

  @Override
  public long waitFor(long sequence) throws AlertException, InterruptedException, TimeoutException {
    if (paced) {
      if (sequence != next) polled(sequence - next);
      next = sequence;
      while (barrier.getCursor() < sequence) {
        barrier.checkAlert();
        polled(0);
      }
    }
    return barrier.waitFor(sequence);
  }

  private void polled(long count) {
    if (count == 0) {
      pauses /= 2;
      Thread.onSpinWait();
      return;
    }
    pauses = count < FEW ? Math.min(2 * pauses + 1, PAUSES_MAX) : pauses / 2;
    for (int i = 0; i < pauses; ++i) Thread.onSpinWait();
  }

  @Override
  public long getCursor() {
    return barrier.getCursor();
  }

  @Override
  public boolean isAlerted() {
    return barrier.isAlerted();
  }

  @Override
  public void alert() {
    barrier.alert();
  }

  @Override
  public void clearAlert() {
    barrier.clearAlert();
  }

  @Override
  public void checkAlert() throws AlertException {
    barrier.checkAlert();
  }
}
