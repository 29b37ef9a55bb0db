// Small parts that pages about models share.

export const LearntFromSimulated = () => <span class="tag sim">Learnt from simulated data</span>;

export function Progress({ seen, needed, label }: { seen: number; needed: number; label: string }) {
  const percent = needed > 0 ? Math.min(100, Math.floor((seen / needed) * 100)) : 0;
  return (
    <div class="progress learn" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <i style={{ width: `${percent}%` }} />
    </div>
  );
}
