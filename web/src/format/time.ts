// Instants and terms in words: Asia/Shanghai on screen, UTC in data (§8 of the design).
import type { Language } from '../words';

const ZONE = 'Asia/Shanghai';
const parts = new Intl.DateTimeFormat('en-GB', {
  timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit',
  hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
});

interface Civil { year: string; month: string; day: string; hour: string; minute: string; second: string }

function civil(at: number | string): Civil {
  const instant = typeof at === 'string' ? Date.parse(at) : at;
  const found: Record<string, string> = {};
  for (const part of parts.formatToParts(instant)) found[part.type] = part.value;
  return found as unknown as Civil;
}

/** `02:13` */
export function hm(at: number | string): string {
  const c = civil(at);
  return `${c.hour}:${c.minute}`;
}

/** `02:13:49` */
export function hms(at: number | string): string {
  const c = civil(at);
  return `${c.hour}:${c.minute}:${c.second}`;
}

/** `11-22 02:13` within the year, `2026-11-22 02:13` otherwise. */
export function dayTime(at: number | string, now: number): string {
  const c = civil(at);
  const date = `${c.month}-${c.day} ${c.hour}:${c.minute}`;
  return c.year === civil(now).year ? date : `${c.year}-${date}`;
}

/** `02:13:49` on the day of `now`, else with the date. */
export function near(at: number | string, now: number): string {
  const [a, b] = [civil(at), civil(now)];
  const sameDay = a.year === b.year && a.month === b.month && a.day === b.day;
  return sameDay ? hms(at) : dayTime(at, now);
}

const two = (n: number): string => String(n).padStart(2, '0');

/** Time left: `41:12` under an hour, `1:41:06` under a day, `18 天 13 时` beyond. */
export function span(milliseconds: number, language: Language): string {
  const s = Math.max(0, Math.floor(milliseconds / 1000));
  const [days, hours, minutes] = [Math.floor(s / 86400), Math.floor(s / 3600), Math.floor(s / 60) % 60];
  if (days) {
    const rest = hours % 24;
    return language === 'zh' ? `${days} 天 ${rest} 时` : `${days}d ${rest}h`;
  }
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${two(minutes)}:${two(s % 60)}`;
}

/** `2026-11-22 02:13`: an instant as it is typed, in Shanghai's time. */
export function localInput(at: number): string {
  const c = civil(at);
  return `${c.year}-${c.month}-${c.day} ${c.hour}:${c.minute}`;
}

/** The instant that was typed so; null when it is not one. */
export function ofLocalInput(text: string): number | null {
  const found = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})$/.exec(text.trim());
  if (!found) return null;
  // Shanghai has kept one offset since 1991.
  const at = Date.parse(`${found[1]}T${found[2]}:00+08:00`);
  // A day that does not exist is not another day.
  return Number.isNaN(at) || localInput(at) !== `${found[1]} ${found[2]}` ? null : at;
}
