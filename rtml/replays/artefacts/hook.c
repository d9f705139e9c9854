/* Stand-in for a preloaded library: it is loaded and does nothing. */
__attribute__((constructor)) static void loaded(void) {}
