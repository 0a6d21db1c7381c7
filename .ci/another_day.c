/* Preloaded by .ci/another-day: shifts the date that programs read by the seconds in the file SHIFT.
 *
 * Only the date: clocks that count from the machine's start, by which programs wait, stay as they are. Who waits
 * for a semaphore or a condition until a date names one that was read here: it is shifted back for the kernel.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#define NO_DATE 1000000000 /* a wait until an earlier second is by a clock that counts from the start */

static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_sem)(sem_t *, const struct timespec *);
static int (*real_cond)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static long shift;

__attribute__((constructor)) static void begin(void) {
    if (real_gettime) return;
    real_sem = dlsym(RTLD_NEXT, "sem_timedwait");
    real_cond = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    FILE *file = fopen(SHIFT, "r");
    if (!file || fscanf(file, "%ld", &shift) != 1) abort();
    fclose(file);
    real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
}

static struct timespec back(const struct timespec *until) {
    struct timespec real = *until;
    if (real.tv_sec > NO_DATE) real.tv_sec -= shift;
    return real;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    begin();
    int failed = real_gettime(clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift;
    return failed;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    begin();
    struct timespec real = back(until);
    return real_sem(semaphore, &real);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
    begin();
    struct timespec real = back(until);
    return real_cond(condition, mutex, &real);
}
