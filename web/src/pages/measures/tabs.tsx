// The two lists of blocking: the register of measures, and the appeals against them.
import { NavLink } from 'react-router';
import { useWords } from '../../words';

export function Tabs() {
  const { t } = useWords();
  return (
    <nav className="ms-tabs" aria-label={t('blocking.tabs')}>
      <NavLink className="bt sm" to="/measures" end>{t('blocking.register')}</NavLink>
      <NavLink className="bt sm" to="/measures/appeals" end>{t('appeals.title')}</NavLink>
    </nav>
  );
}
