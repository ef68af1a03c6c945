// The rules of the centre, and the channels that rules may speak of.
import { useCallback, useEffect, useState } from 'react';
import { failureOf, get, type Failure } from '../../api/client';
import type { ChannelInfo, RulePage, RuleRow } from '../../api/schema';

const PAGE = 100;

export interface Rules {
  rows: RuleRow[] | null;
  next: string | null;
  total: number;
  shadowDays: number;
  failure: Failure | null;
  more: () => void;
  reload: () => void;
}

export function useRules(asked = 0): Rules {
  const [rows, setRows] = useState<RuleRow[] | null>(null);
  const [page, setPage] = useState<RulePage | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const read = useCallback((after: string | null) => {
    get<RulePage>(`/v1/workshop/rules?limit=${PAGE}${after ? `&after=${after}` : ''}`).then(
      (found) => {
        setRows((was) => (after && was ? [...was, ...found.items] : found.items));
        setPage(found);
        setFailure(null);
      },
      (error: unknown) => setFailure(failureOf(error)),
    );
  }, []);
  useEffect(() => read(null), [read, asked]);
  return {
    rows, failure, next: page?.next ?? null, total: page?.total ?? 0, shadowDays: page?.shadow_days_needed ?? 0,
    more: () => read(page?.next ?? null), reload: () => read(null),
  };
}

let channels: Promise<ChannelInfo[]> | null = null;

/** Channels come from a file of policies: read once while the console is open. */
export function useChannels(): ChannelInfo[] {
  const [found, setFound] = useState<ChannelInfo[]>([]);
  useEffect(() => {
    channels ??= get<ChannelInfo[]>('/v1/workshop/channels');
    channels.then(setFound, () => { channels = null; });
  }, []);
  return found;
}
