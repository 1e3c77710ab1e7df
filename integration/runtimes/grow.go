// Keeps whatever it makes.
package main

func main() {
	var kept [][]byte
	for {
		kept = append(kept, make([]byte, 16<<20))
	}
}
