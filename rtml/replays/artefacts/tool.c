/* Stand-in for a tool that is compiled after delivery: it says who it is and ends. */
#include <stdio.h>
#include <unistd.h>
int main(void) { return printf("uid %d\n", (int)getuid()) < 0; }
