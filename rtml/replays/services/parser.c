#include <stdio.h>
#include <string.h>

/* The program that the build machine builds and tests: counts words. */
static int words(const char *text) {
    int count = 0, inside = 0;
    for (; *text; text++) {
        if (strchr(" \t\n", *text)) inside = 0;
        else if (!inside) { inside = 1; count++; }
    }
    return count;
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "--test")) return words("a bb  c") == 3 ? 0 : 1;
    printf("%d\n", words(argc > 1 ? argv[1] : ""));
    return 0;
}
