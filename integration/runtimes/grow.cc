// Keeps whatever it makes.
#include <vector>

int main() {
  std::vector<std::vector<char>> kept;
  for (;;) kept.emplace_back(16 << 20);
}
