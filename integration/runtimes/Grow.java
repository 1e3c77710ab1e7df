/** Keeps whatever it makes. */
public class Grow {
  public static void main(String[] arguments) {
    java.util.List<byte[]> kept = new java.util.ArrayList<>();
    for (;;) kept.add(new byte[1 << 20]);
  }
}
