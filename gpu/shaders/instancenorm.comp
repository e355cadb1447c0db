// Instance normalization (Ulyanov et al., arXiv:1607.08022) in stages, forward
//
//	STATS      mean and sum of squared deviations of a share of a plane
//	FINISH     mean and 1/sqrt(var+eps) of a plane, from its shares, and of both what
//	           normalize.glsl takes, with which readers of x do without the next stage;
//	           with LEFT from shares that a convolution has left, see convolution.glsl
//	APPLY      dst = relu?((x-mean)*rstd*gamma + beta) + alpha*residual
//
// and backward, with g being dy where the relu let pass and z = (x-mean)*rstd:
//
//	GRADSTATS  sums of g and g*z over a share of a plane
//	GRADFINISH the same of whole planes, and dgamma and dbeta from them
//	GRADAPPLY  dx (+)= gamma*rstd*(g - mean(g) - z*mean(g*z))
//
// The means of shares are relative to the plane's first element, so that planes far
// from zero lose nothing. A share is every
// parts-th element, and a thread's work; with SHARED it is a run of share elements and
// a group's work, and the stages FINISH and GRADFINISH have a group for what else a
// thread does.
UNIFORM(8, int, planes); // in this dispatch
UNIFORM(9, int, area);   // elements of a plane
UNIFORM(10, int, parts);  // shares of a plane
UNIFORM(11, int, first);  // number of the first plane
UNIFORM(12, int, channels);

#include "normalize.glsl"

// The elements of share t that this thread visits are first, first+step, ... below last,
// which are count of those of a share, for a group's first thread all of them.
#ifdef SHARED
int share = (area + parts - 1) / parts;
int firstOf(int t) { return t * share + lane(); }
int lastOf(int t) { return min((t + 1) * share, area); }
#define STEP 64
#define ITEM group()
#define SHARE_COUNT(t) float(lastOf(t) - (t) * share)
#else
int firstOf(int t) { return t; }
int lastOf(int t) { return area; }
#define STEP parts
#define ITEM thread()
#define SHARE_COUNT(t) float((area - (t) + parts - 1) / parts)
#endif

#include "moments.glsl"

// The statistics of a plane: two numbers of each share, and the plane's first element,
// which the means are relative to.
#define PLANE_STATS (2 * parts + 1)

#if defined(STATS)
TARGET(0, part);
INPUT_BLOCK(1, x);

void main() {
	int at = ITEM;
	if (at >= planes * parts) return;
	int p = at / parts, plane = x_at + p * area, t = at % parts, first = firstOf(t), last = lastOf(t);
	float origin = ELEMENT(x, plane + min(first, area - 1)), sum = 0.0, squares = 0.0, n = 0.0;
	for (int i = first; i < last; i += STEP) {
		float v = ELEMENT(x, plane + i) - origin;
		sum += v;
		squares += v * v;
		n += 1.0;
	}
	vec3 moments = vec3((origin - ELEMENT(x, plane)) + sum / max(n, 1.0), squares - sum * sum / max(n, 1.0), n);
#ifdef SHARED
	moments = combineGroup(moments);
	if (lane() > 0) return;
#endif
	int to = part_at + p * PLANE_STATS;
	part[to + 2 * t] = moments.x;
	part[to + 2 * t + 1] = moments.y;
	if (t == 0) part[to + 2 * parts] = ELEMENT(x, plane);
}

#elif defined(FINISH)
TARGET(0, mean);
TARGET(1, rstd);
VECTOR_TARGET(2, norms);
SOURCE(3, part);
SOURCE(4, gamma);
SOURCE(5, beta);
UNIFORM(13, float, eps);
UNIFORM(14, bool, clampAtZero); // ReLU

void main() {
	int p = ITEM;
	if (p >= planes) return;
	vec3 moments = vec3(0.0);
#ifdef SHARED
	for (int t = lane(); t < parts; t += 64) {
#else
	for (int t = 0; t < parts; t++) {
#endif
#ifdef LEFT
		int at = part_at + 3 * (p * parts + t);
		moments = combine(moments, vec3(part[at], part[at + 1], part[at + 2]));
#else
		int at = part_at + p * PLANE_STATS + 2 * t;
		moments = combine(moments, vec3(part[at], part[at + 1], SHARE_COUNT(t)));
#endif
	}
#ifdef SHARED
	moments = combineGroup(moments);
	if (lane() > 0) return;
#endif
	int c = (first + p) % channels;
	float m = moments.x, r = 1.0 / sqrt(max(moments.y, 0.0) / float(area) + eps);
#ifndef LEFT
	m += part[part_at + (p + 1) * PLANE_STATS - 1];
#endif
	mean[mean_at + p] = m;
	rstd[rstd_at + p] = r;
	float least = clampAtZero ? 0.0 : uintBitsToFloat(0xff800000u); // -infinity
	norms[norms_at / 4 + p] = vec4(m, r * gamma[gamma_at + c], beta[beta_at + c], least);
}

#elif defined(APPLY)
#ifdef HALF_RESULT
HALVES_TARGET(0, dst);
#else
TARGET(0, dst);
#endif
#ifdef HALF_INPUT
HALVES_ALIASED(1, x);
#else
ALIASED(1, x);
#endif
VECTORS(2, norms);
#ifdef RESIDUAL
UNIFORM(13, float, alpha);
#ifdef HALF_RESIDUAL
HALVES_ALIASED(3, residual);
#define RESIDUAL_ELEMENT(i) HALF(residual, i)
#else
ALIASED(3, residual);
#define RESIDUAL_ELEMENT(i) residual[i]
#endif
#endif
#ifdef RESIDUAL_NORM
VECTORS(4, residualNorms); // of a residual that waits for its own
#endif

float applied(int i) {
	int p = i / area;
	float v = normalized(ELEMENT(x, x_at + i), norms[norms_at / 4 + p]);
#ifdef RESIDUAL
	float r = RESIDUAL_ELEMENT(residual_at + i);
#ifdef RESIDUAL_NORM
	r = normalized(r, residualNorms[residualNorms_at / 4 + p]);
#endif
	v += alpha * r;
#endif
	return v;
}

void main() {
#ifdef HALF_RESULT
	EACH(quad, planes * area / 4) {
		int i = 4 * quad, to = (dst_at + i) / 2;
		vec4 v = vec4(applied(i), applied(i + 1), applied(i + 2), applied(i + 3));
		dst[to] = halves(v.xz);
		dst[to + 1] = halves(v.yw);
	}
#else
	EACH(i, planes * area) dst[dst_at + i] = applied(i);
#endif
}

#elif defined(GRADSTATS) || defined(GRADAPPLY)
TARGET(0, dst); // shares, or dx
ALIASED(1, dy);
SOURCE(2, x);
SOURCE(3, mean);
SOURCE(4, rstd);
SOURCE(5, gamma);
SOURCE(6, beta);

float normal(int i, int p) { return (x[x_at + i] - mean[mean_at + p]) * rstd[rstd_at + p]; }

float grad(int i, float z, int c) {
#ifdef RELU
	if (!(z * gamma[gamma_at + c] + beta[beta_at + c] > 0.0)) return 0.0;
#endif
	return dy[dy_at + i];
}

#ifdef GRADSTATS
#ifdef SHARED
shared vec2 pairs[64];
#endif

void main() {
	int at = ITEM;
	if (at >= planes * parts) return;
	int p = at / parts, c = (first + p) % channels, t = at % parts, last = lastOf(t);
	vec2 sums = vec2(0.0);
	for (int i = firstOf(t); i < last; i += STEP) {
		float z = normal(p * area + i, p);
		float g = grad(p * area + i, z, c);
		sums += vec2(g, g * z);
	}
#ifdef SHARED
	SUM_GROUP(sums, pairs);
	if (lane() > 0) return;
#endif
	dst[dst_at + 2 * at] = sums.x;
	dst[dst_at + 2 * at + 1] = sums.y;
}
#else
SOURCE(7, sums);
UNIFORM(13, bool, accumulate);

void main() {
	EACH(i, planes * area) {
		int p = i / area, c = (first + p) % channels;
		float z = normal(i, p);
		float g = grad(i, z, c);
		float v = gamma[gamma_at + c] * rstd[rstd_at + p] *
			(g - (sums[sums_at + 2 * p] + z * sums[sums_at + 2 * p + 1]) / float(area));
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + v : v;
	}
}
#endif

#elif defined(GRADFINISH)
TARGET(0, dgamma);
TARGET(1, dbeta);
TARGET(2, sums);
SOURCE(3, part);
UNIFORM(13, bool, accumulate);

#ifdef SHARED
shared vec2 pairs[64];
#endif

void main() {
	int c = ITEM;
	if (c >= channels) return;
	vec2 total = vec2(0.0);
	for (int p = c; p < planes; p += channels) {
		vec2 sum = vec2(0.0);
#ifdef SHARED
		for (int t = lane(); t < parts; t += 64) {
#else
		for (int t = 0; t < parts; t++) {
#endif
			int at = part_at + 2 * (p * parts + t);
			sum += vec2(part[at], part[at + 1]);
		}
#ifdef SHARED
		SUM_GROUP(sum, pairs);
		if (lane() > 0) continue; // every thread comes by the barriers of the next round
#endif
		sums[sums_at + 2 * p] = sum.x;
		sums[sums_at + 2 * p + 1] = sum.y;
		total += sum;
	}
#ifdef SHARED
	if (lane() > 0) return;
#endif
	dbeta[dbeta_at + c] = accumulate ? dbeta[dbeta_at + c] + total.x : total.x;
	dgamma[dgamma_at + c] = accumulate ? dgamma[dgamma_at + c] + total.y : total.y;
}
#endif
