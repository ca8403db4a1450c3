/* The reduced workload as one plain loop over residents a step: float64, no library but libm. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline double uniform(uint64_t key, uint64_t entity) {
    uint64_t z = key + (entity + 1) * 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return (double)((z ^ (z >> 31)) >> 11) * (1.0 / 9007199254740992.0);
}

typedef struct {
    double base, cognition, habit, trust, neighbours, incentive, practice, habit_gain, habit_keep, pull, reach;
    double cost[6];
    int64_t points;
} Settings;

void run(const Settings *s, int64_t n, int64_t steps, const uint64_t *keys, const int64_t *indptr,
         const int32_t *indices, const int64_t *group, const double *cognition, double *skill, double *habit,
         const double *trust, double *opinion, double *next_opinion, int64_t *points, uint8_t *attended,
         uint8_t *next_attended, double *records) {
    for (int64_t step = 0; step < steps; step++) {
        double came = 0, skills = 0, sum = 0, squares = 0;
        for (int64_t i = 0; i < n; i++) {
            int64_t with = 0, near = 0;
            double total = 0, own = opinion[i];
            for (int64_t e = indptr[i]; e < indptr[i + 1]; e++) {
                int32_t j = indices[e];
                with += attended[j];
                if (fabs(opinion[j] - own) < s->reach) {
                    total += opinion[j];
                    near++;
                }
            }
            int64_t degree = indptr[i + 1] - indptr[i];
            double share = degree ? (double)with / degree : 0;
            double u = s->base + s->cognition * cognition[i] + s->habit * habit[i] + s->trust * trust[i] +
                       s->neighbours * share + s->incentive - s->cost[group[i]];
            int comes = uniform(keys[step], i) < 1 / (1 + exp(-u));
            if (comes) {
                skill[i] += s->practice * (1 - skill[i]);
                points[i] += s->points;
                habit[i] += s->habit_gain * (1 - habit[i]);
            } else {
                habit[i] *= s->habit_keep;
            }
            next_attended[i] = comes;
            double moved = near ? own + s->pull * (total / near - own) : own;
            next_opinion[i] = moved;
            came += comes;
            skills += skill[i];
            sum += moved;
            squares += moved * moved;
        }
        memcpy(opinion, next_opinion, n * sizeof(double));
        memcpy(attended, next_attended, n);
        records[3 * step] = came / n;
        records[3 * step + 1] = skills / n;
        records[3 * step + 2] = squares / n - (sum / n) * (sum / n);
    }
}
