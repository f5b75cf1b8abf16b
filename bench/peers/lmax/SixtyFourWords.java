// SPDX-License-Identifier: Apache-2.0
// An item of 512 bytes without an array: its words are fields of the object that the ring holds, so
// that no reference is followed to them. In eighths, since the JVM inlines no method of more than
// 325 bytes of bytecode.
package lmax;

import static lmax.Items.WORD_STEP;

final class SixtyFourWords extends Items.Event {
  private long w00, w01, w02, w03, w04, w05, w06, w07;
  private long w08, w09, w10, w11, w12, w13, w14, w15;
  private long w16, w17, w18, w19, w20, w21, w22, w23;
  private long w24, w25, w26, w27, w28, w29, w30, w31;
  private long w32, w33, w34, w35, w36, w37, w38, w39;
  private long w40, w41, w42, w43, w44, w45, w46, w47;
  private long w48, w49, w50, w51, w52, w53, w54, w55;
  private long w56, w57, w58, w59, w60, w61, w62, w63;

  @Override
  void set(long value) {
    set0(value);
    set1(value + 8 * WORD_STEP);
    set2(value + 16 * WORD_STEP);
    set3(value + 24 * WORD_STEP);
    set4(value + 32 * WORD_STEP);
    set5(value + 40 * WORD_STEP);
    set6(value + 48 * WORD_STEP);
    set7(value + 56 * WORD_STEP);
  }

  @Override
  long first() {
    return w00;
  }

  @Override
  long total() {
    return total0() + total1() + total2() + total3() + total4() + total5() + total6() + total7();
  }

  private void set0(long value) {
    w00 = value;
    w01 = value + WORD_STEP;
    w02 = value + 2 * WORD_STEP;
    w03 = value + 3 * WORD_STEP;
    w04 = value + 4 * WORD_STEP;
    w05 = value + 5 * WORD_STEP;
    w06 = value + 6 * WORD_STEP;
    w07 = value + 7 * WORD_STEP;
  }

  private long total0() {
    return w00 + w01 + w02 + w03 + w04 + w05 + w06 + w07;
  }

  private void set1(long value) {
    w08 = value;
    w09 = value + WORD_STEP;
    w10 = value + 2 * WORD_STEP;
    w11 = value + 3 * WORD_STEP;
    w12 = value + 4 * WORD_STEP;
    w13 = value + 5 * WORD_STEP;
    w14 = value + 6 * WORD_STEP;
    w15 = value + 7 * WORD_STEP;
  }

  private long total1() {
    return w08 + w09 + w10 + w11 + w12 + w13 + w14 + w15;
  }

  private void set2(long value) {
    w16 = value;
    w17 = value + WORD_STEP;
    w18 = value + 2 * WORD_STEP;
    w19 = value + 3 * WORD_STEP;
    w20 = value + 4 * WORD_STEP;
    w21 = value + 5 * WORD_STEP;
    w22 = value + 6 * WORD_STEP;
    w23 = value + 7 * WORD_STEP;
  }

  private long total2() {
    return w16 + w17 + w18 + w19 + w20 + w21 + w22 + w23;
  }

  private void set3(long value) {
    w24 = value;
    w25 = value + WORD_STEP;
    w26 = value + 2 * WORD_STEP;
    w27 = value + 3 * WORD_STEP;
    w28 = value + 4 * WORD_STEP;
    w29 = value + 5 * WORD_STEP;
    w30 = value + 6 * WORD_STEP;
    w31 = value + 7 * WORD_STEP;
  }

  private long total3() {
    return w24 + w25 + w26 + w27 + w28 + w29 + w30 + w31;
  }

  private void set4(long value) {
    w32 = value;
    w33 = value + WORD_STEP;
    w34 = value + 2 * WORD_STEP;
    w35 = value + 3 * WORD_STEP;
    w36 = value + 4 * WORD_STEP;
    w37 = value + 5 * WORD_STEP;
    w38 = value + 6 * WORD_STEP;
    w39 = value + 7 * WORD_STEP;
  }

  private long total4() {
    return w32 + w33 + w34 + w35 + w36 + w37 + w38 + w39;
  }

  private void set5(long value) {
    w40 = value;
    w41 = value + WORD_STEP;
    w42 = value + 2 * WORD_STEP;
    w43 = value + 3 * WORD_STEP;
    w44 = value + 4 * WORD_STEP;
    w45 = value + 5 * WORD_STEP;
    w46 = value + 6 * WORD_STEP;
    w47 = value + 7 * WORD_STEP;
  }

  private long total5() {
    return w40 + w41 + w42 + w43 + w44 + w45 + w46 + w47;
  }

  private void set6(long value) {
    w48 = value;
    w49 = value + WORD_STEP;
    w50 = value + 2 * WORD_STEP;
    w51 = value + 3 * WORD_STEP;
    w52 = value + 4 * WORD_STEP;
    w53 = value + 5 * WORD_STEP;
    w54 = value + 6 * WORD_STEP;
    w55 = value + 7 * WORD_STEP;
  }

  private long total6() {
    return w48 + w49 + w50 + w51 + w52 + w53 + w54 + w55;
  }

  private void set7(long value) {
    w56 = value;
    w57 = value + WORD_STEP;
    w58 = value + 2 * WORD_STEP;
    w59 = value + 3 * WORD_STEP;
    w60 = value + 4 * WORD_STEP;
    w61 = value + 5 * WORD_STEP;
    w62 = value + 6 * WORD_STEP;
    w63 = value + 7 * WORD_STEP;
  }

  private long total7() {
    return w56 + w57 + w58 + w59 + w60 + w61 + w62 + w63;
  }
}
