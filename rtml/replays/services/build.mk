all: parser
parser: parser.c
	gcc -O1 -Wall -o $@ $<
test: parser
	./parser --test
clean:
	rm -f parser
.PHONY: all test clean
