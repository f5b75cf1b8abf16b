// SPDX-License-Identifier: Apache-2.0
// Wrote latency.hgrm and latency.hlog with HdrHistogram 2.1.11 (Debian: libhdrhistogram-java):
//   javac -cp /usr/share/java/hdrhistogram.jar HdrGolden.java
//   java -cp /usr/share/java/hdrhistogram.jar:. HdrGolden latency.hgrm latency.hlog
// histogram_file_test.cpp records the same values and expects the same files.
import java.io.FileOutputStream;
import java.io.PrintStream;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogWriter;

public class HdrGolden {
  static final long[] VALUES = {0, 1, 63, 64, 65, 127, 128, 200, 1000, 1001, 1999, 5000, 50000,
                                123456, 999999, 1000000, 70000000};
  static final long[] COUNTS = {1, 5, 5, 8, 13, 21, 34, 55, 89, 144, 233, 1974, 1597, 21, 7, 2, 1};

  public static void main(String[] files) throws Exception {
    Histogram histogram = new Histogram(1, (1L << 42) - 1, 2);
    for (int i = 0; i < VALUES.length; i++)
      histogram.recordValueWithCount(i + 1 < VALUES.length ? upper(VALUES[i]) : VALUES[i],
                                     COUNTS[i]);
    histogram.outputPercentileDistribution(new PrintStream(new FileOutputStream(files[0])), 5,
                                           1000.0);
    long began = 1767225600000L;
    histogram.setStartTimeStamp(began + 500);
    histogram.setEndTimeStamp(began + 1500);
    HistogramLogWriter log = new HistogramLogWriter(new PrintStream(new FileOutputStream(files[1])));
    log.outputLogFormatVersion();
    log.outputStartTime(began);
    log.setBaseTime(began);
    log.outputLegend();
    log.outputIntervalHistogram(histogram);
    histogram.setTag("hiccups");
    log.outputIntervalHistogram(histogram);
    log.close();
  }

  /** The largest value that Penstock does not tell from this one: 64 cells a power of two. */
  static long upper(long value) {
    if (value < 64) return value;
    int shift = 63 - Long.numberOfLeadingZeros(value) - 6;
    return (((value >> shift) + 1) << shift) - 1;
  }
}
