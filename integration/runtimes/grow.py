# Keeps whatever it makes.
kept = []
while True:
    kept.append(bytearray(16 << 20))
