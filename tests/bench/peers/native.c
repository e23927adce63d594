// The ceiling of one core: the design of the service (bytes to accumulators, nothing allocated per event) in C,
// without what the service adds: no late test but the watermark, no ledger, no compensated sums, no recovery.
// It knows the usual lines alone, fields in any order, and stops at any other.
//
// usage: native INPUT OUTPUT      cc -O3 -march=native -D_GNU_SOURCE -o native native.c
#include <fcntl.h>
#include <float.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, SLACK = 64, RING = 8, WINDOW = 60, LATE = 5, NAME_BYTES = 40 };
enum { SUM, AVG, MIN, MAX, FUNCTIONS };

static const char *const FUNCTION_NAMES[FUNCTIONS] = {"sum", "avg", "min", "max"};
static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/** A line of the cache. The words are the bytes of the name, then zeros. */
typedef struct {
  uint32_t hash, length;
  int32_t series[FUNCTIONS];
  uint64_t words[NAME_BYTES / 8];
} Name;

typedef struct {
  double sum, count, min, max;
} Cell;

typedef struct {
  uint32_t name;
  int function;
} Series;

static Name *names;
static uint32_t names_mask, names_used;
static Series *series;
static uint32_t series_used, series_room;
static Cell *cells[RING];
static int64_t ring[RING];
static int64_t newest = INT64_MIN, closed = INT64_MIN;
static FILE *output;

static void die(const char *why) {
  fprintf(stderr, "%s\n", why);
  exit(1);
}

static void *room(size_t count, size_t size) {
  size_t bytes = (count * size + 63) & ~(size_t)63;
  void *memory = aligned_alloc(64, bytes);
  if (memory == NULL) die("out of memory");
  return memset(memory, 0, bytes);
}

static void clear(Cell *pane, uint32_t from, uint32_t to) {
  for (uint32_t i = from; i < to; i++) pane[i] = (Cell){0, 0, DBL_MAX, -DBL_MAX};
}

static void grow_series(void) {
  uint32_t before = series_room;
  series_room = before == 0 ? 4096 : 2 * before;
  series = realloc(series, series_room * sizeof *series);
  if (series == NULL) die("out of memory");
  for (int i = 0; i < RING; i++) {
    cells[i] = realloc(cells[i], series_room * sizeof **cells);
    if (cells[i] == NULL) die("out of memory");
    clear(cells[i], before, series_room);
  }
}

static void fire(int slot) {
  int64_t window = ring[slot];
  for (uint32_t i = 0; i < series_used; i++) {
    Cell *cell = &cells[slot][i];
    if (cell->count == 0) continue;
    int function = series[i].function;
    double value = function == SUM   ? cell->sum
                   : function == AVG ? cell->sum / cell->count
                   : function == MIN ? cell->min
                                     : cell->max;
    const Name *name = &names[series[i].name];
    fprintf(output, "{\"name\":\"%.*s\",\"agg_func\":\"%s\",\"window_start\":%lld,\"value\":%.17g,\"count\":%.0f}\n",
            (int)name->length, (const char *)name->words, FUNCTION_NAMES[function], (long long)(window * WINDOW), value, cell->count);
  }
  clear(cells[slot], 0, series_used);
  ring[slot] = INT64_MIN;
}

/** Fires every window that ends at or before a time, the oldest first. */
static void close_before(int64_t time) {
  for (;;) {
    int oldest = -1;
    for (int i = 0; i < RING; i++) {
      if (ring[i] == INT64_MIN || (ring[i] + 1) * WINDOW > time) continue;
      if (oldest < 0 || ring[i] < ring[oldest]) oldest = i;
    }
    if (oldest < 0) break;
    fire(oldest);
  }
  if (time / WINDOW > closed) closed = time / WINDOW;
}

static void grow_names(void) {
  Name *old = names;
  uint32_t old_size = names_mask + 1;
  names_mask = 2 * old_size - 1;
  names = room(names_mask + 1, sizeof *names);
  for (uint32_t i = 0; i < old_size; i++) {
    if (old[i].length == 0) continue;
    uint32_t at = old[i].hash & names_mask;
    while (names[at].length != 0) at = (at + 1) & names_mask;
    names[at] = old[i];
    for (int f = 0; f < FUNCTIONS; f++) {
      if (old[i].series[f] >= 0) series[old[i].series[f]].name = at;
    }
  }
  free(old);
}

static inline uint64_t long_word(const char *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static uint32_t add_name(const uint64_t *words, uint32_t length, uint32_t hash) {
  if (2 * ++names_used > names_mask) grow_names();
  uint32_t at = hash & names_mask;
  while (names[at].length != 0) at = (at + 1) & names_mask;
  names[at].hash = hash;
  names[at].length = length;
  for (int f = 0; f < FUNCTIONS; f++) names[at].series[f] = -1;
  memcpy(names[at].words, words, NAME_BYTES);
  return at;
}

/** Reads up to the closing quote, eight bytes at a time. Returns where that is. */
static inline const char *read_name(const char *text, uint32_t *name) {
  const uint64_t ones = 0x0101010101010101u;
  uint64_t words[NAME_BYTES / 8] = {0};
  uint64_t hash = 0;
  const char *at = text;
  for (int i = 0;; i++, at += 8) {
    if (i == NAME_BYTES / 8) die("a name that is too long");
    uint64_t bytes = long_word(at);
    uint64_t differs = bytes ^ (0x22 * ones);
    uint64_t quote = (differs - ones) & ~differs & (0x80 * ones);
    if (quote == 0) {
      words[i] = bytes;
      hash = (hash ^ bytes) * 0x9e3779b97f4a7c15u;
      hash ^= hash >> 32;
      continue;
    }
    int rest = __builtin_ctzll(quote) >> 3;
    words[i] = bytes & ((1ULL << (8 * rest)) - 1);
    hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
    at += rest;
    break;
  }
  uint32_t length = (uint32_t)(at - text);
  if (length == 0) die("a name that is empty");
  uint32_t short_hash = (uint32_t)(hash >> 32);
  for (uint32_t i = short_hash & names_mask; names[i].length != 0; i = (i + 1) & names_mask) {
    if (names[i].hash == short_hash && names[i].length == length && memcmp(names[i].words, words, NAME_BYTES) == 0) {
      *name = i;
      return at;
    }
  }
  *name = add_name(words, length, short_hash);
  return at;
}

static inline uint32_t word(const char *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

#define WORD(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

static inline int function_of(uint32_t text) {
  switch (text) {
    case WORD('s', 'u', 'm', '"'):
      return SUM;
    case WORD('a', 'v', 'g', '"'):
      return AVG;
    case WORD('m', 'i', 'n', '"'):
      return MIN;
    case WORD('m', 'a', 'x', '"'):
      return MAX;
    default:
      return -1;
  }
}

static inline int digit(char byte) { return (unsigned char)(byte - '0'); }

/** A decimal, exact: a mantissa below 2^53 and a small power of ten; any other by the library. */
static const char *read_number(const char *at, double *value) {
  const char *start = at;
  int negative = *at == '-';
  if (negative) at++;
  if (digit(*at) > 9) die("no number where one has to be");
  uint64_t mantissa = 0;
  int digits = 0, fraction = 0;
  for (; digit(*at) <= 9; at++, digits++) mantissa = mantissa * 10 + (uint64_t)digit(*at);
  if (*at == '.') {
    const char *point = ++at;
    for (; digit(*at) <= 9; at++) mantissa = mantissa * 10 + (uint64_t)digit(*at);
    fraction = (int)(at - point);
  }
  if (digits + fraction > 19 || mantissa >= (1ULL << 53) || (*at | 32) == 'e') {
    char *end;
    *value = strtod(start, &end);
    return end;
  }
  double number = (double)mantissa / POWERS[fraction];
  *value = negative ? -number : number;
  return at;
}

/** Whole seconds of a time: most begin with the eight digits of the one before. */
static const char *read_seconds(const char *at, int64_t *seconds) {
  static uint64_t last_word;
  static int64_t last_value;
  uint64_t first = long_word(at);
  if (first != last_word) {
    int64_t value = 0;
    for (int i = 0; i < 8; i++) {
      if (digit(at[i]) > 9) die("a time that is not usual");
      value = value * 10 + digit(at[i]);
    }
    last_word = first;
    last_value = value * 100;
  }
  if (digit(at[8]) > 9 || digit(at[9]) > 9) die("a time that is not usual");
  *seconds = last_value + digit(at[8]) * 10 + digit(at[9]);
  at += 10;
  if (*at == '.') {
    for (at++; digit(*at) <= 9;) at++;
  }
  if (digit(*at) <= 9 || (*at | 32) == 'e') die("a time that is not usual");
  return at;
}

static int64_t window_now = INT64_MIN;
static int slot_now;

/** Adds one event. */
static void add(uint32_t name, int function, double value, int64_t seconds) {
  int64_t window = seconds / WINDOW;
  if (window != window_now) {
    if (window < closed) die("an event that is late");
    slot_now = (int)(window % RING);
    if (ring[slot_now] != window && ring[slot_now] != INT64_MIN) close_before((ring[slot_now] + 1) * WINDOW);
    ring[slot_now] = window;
    window_now = window;
  }
  int32_t number = names[name].series[function];
  if (number < 0) {
    if (series_used == series_room) grow_series();
    number = (int32_t)series_used++;
    series[number] = (Series){name, function};
    names[name].series[function] = number;
  }
  Cell *cell = &cells[slot_now][number];
  cell->sum += value;
  cell->count++;
  if (value < cell->min) cell->min = value;
  if (value > cell->max) cell->max = value;
  if (seconds > newest) {
    newest = seconds;
    if ((seconds - LATE) / WINDOW > closed) {
      close_before(seconds - LATE);
      window_now = INT64_MIN;
    }
  }
}

/** Reads one line. Returns where the next begins. */
static const char *scan(const char *at) {
  uint32_t name = 0;
  int function = -1, seen = 0;
  double value = 0;
  int64_t seconds = 0;
  if (*at++ != '{') die("a line that is no object");
  for (;;) {
    switch (word(at)) {
      case WORD('"', 'n', 'a', 'm'):
        at += 7;
        if (*at == ' ') at++;
        at = read_name(at + 1, &name) + 1;
        seen |= 1;
        break;
      case WORD('"', 'v', 'a', 'l'):
        at += 8;
        if (*at == ' ') at++;
        at = read_number(at, &value);
        seen |= 2;
        break;
      case WORD('"', 't', 'i', 'm'):
        at += 12;
        if (*at == ' ') at++;
        at = read_seconds(at, &seconds);
        seen |= 4;
        break;
      case WORD('"', 'a', 'g', 'g'):
        at += 11;
        if (*at == ' ') at++;
        at++;
        function = function_of(word(at));
        at += 4;
        seen |= 8;
        break;
      default:
        die("a field that is not known");
    }
    if (*at == '}') break;
    if (*at++ != ',') die("a line that is not usual");
    if (*at == ' ') at++;
  }
  if (seen != 15 || function < 0 || at[1] != '\n') die("a line that is not usual");
  add(name, function, value, seconds);
  return at + 2;
}

int main(int count, char **arguments) {
  if (count != 3) die("usage: native INPUT OUTPUT");
  int input = open(arguments[1], O_RDONLY);
  output = fopen(arguments[2], "w");
  if (input < 0 || output == NULL) die("cannot open a file");
  names_mask = 4095;
  names = room(names_mask + 1, sizeof *names);
  grow_series();
  for (int i = 0; i < RING; i++) ring[i] = INT64_MIN;

  char *buffer = room(2 * CHUNK + SLACK, 1);
  size_t held = 0;
  for (;;) {
    ssize_t length = read(input, buffer + held, CHUNK);
    if (length < 0) die("cannot read");
    if (length == 0) break;
    held += (size_t)length;
    const char *end = memrchr(buffer, '\n', held);
    if (end == NULL) {
      if (held > CHUNK) die("a line that is too long");
      continue;
    }
    const char *at = buffer;
    while (at <= end) at = scan(at);
    held = (size_t)(buffer + held - at);
    memmove(buffer, at, held);
  }
  if (held > 0) die("a last line without its end");
  close_before(INT64_MAX / 2);
  if (fclose(output) != 0) die("cannot write");
  return 0;
}
