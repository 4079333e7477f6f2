"""PostgreSQL's severities and follow-ups in the languages of its translations (`lc_messages`).

The text log translates them, the CSV log too; the JSON log does not. A record in another language is read up to its
message: who, from where, which session, that it failed. What its message says is not: set `lc_messages = 'C'`. Words:
the message catalogues of PostgreSQL 15. Used by postgres.py, postgres_lines.py and postgres_fields.py.
"""

from typing import Final

_WORDS: Final = {
    "LOG": "LOGG СООБЩЕНИЕ ЗАПИСУВАННЯ ჟურნალი 로그 日志",
    "DEBUG": "ОТЛАДКА НАЛАГОДЖЕННЯ გამართვა 디버그 调试",
    "INFO": "ИНФОРМАЦИЯ ІНФОРМАЦІЯ ინფორმაცია 정보 信息",
    "NOTICE": "HINWEIS NOTIFICA NOTIS ЗАМЕЧАНИЕ ПОВІДОМЛЕННЯ 알림 注意",
    "WARNING": "WARNUNG ATTENTION ATTENZIONE VARNING ПРЕДУПРЕЖДЕНИЕ ПОПЕРЕДЖЕННЯ გაფრთხილება 경고 警告",
    "ERROR": "FEHLER ERREUR ERRORE FEL ОШИБКА ПОМИЛКА შეცდომა 오류 错误",
    "FATAL": "FATALE FATALT ВАЖНО ФАТАЛЬНО ფატალური 치명적오류 致命错误",
    "PANIC": "PANIK PANICO ПАНИКА ПАНІКА პანიკა 손상 比致命错误还过分的错误",
    "DETAIL": "DETALLE DÉTAIL DETTAGLI DETALJ ПОДРОБНОСТИ ВІДОМОСТІ დეტალები 詳細 상세정보 详细信息",
    "HINT": "TIPP ASTUCE SUGGERIMENTO TIPS ПОДСКАЗКА УКАЗІВКА მინიშნება ヒント 힌트 提示",
    "QUERY": "ANFRAGE CONSULTA REQUÊTE FRÅGA ЗАПРОС ЗАПИТ მოთხოვნა 問い合わせ 쿼리 查询",
    "CONTEXT": "ZUSAMMENHANG CONTEXTO CONTEXTE CONTESTO KONTEXT КОНТЕКСТ კონტექსტი 文脈 내용 上下文",
    "BACKTRACE": "СТЕК ВІДСТЕЖУВАТИ სტეკი バックトレース 역추적",
    "STATEMENT": "ANWEISUNG SENTENCIA INSTRUCTION ISTRUZIONE SATS ОПЕРАТОР ІНСТРУКЦІЯ ოპერატორი 文 语句",
}
_ENGLISH: Final = {word: english for english, words in _WORDS.items() for word in words.split()}


def untranslated(word: str) -> str:
    """The English word, or the word itself where it is of no language known here."""
    return _ENGLISH.get(word, word)
